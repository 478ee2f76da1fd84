"""A relay that is entered by hand: what is refused, and the address that its parts make."""

import pytest

from shared.domain.relays import Relay, Security, place_of, read_relay, wrong_with
from shared.errors import SettingsError
from shared.settings import from_env

GOOD = {"host": "smtp.mail.org", "port": "587", "security": "starttls", "username": "me", "password": "p"}


@pytest.mark.parametrize(
    "relay",
    [
        Relay("smtp.mail.org", 587, Security.STARTTLS, "jamie@mail.org", "a:b/c@d?e#f%20 ü"),
        Relay("2001:db8::1", 465, Security.TLS, "me", "p"),
        Relay("127.0.0.1", 25, Security.NONE),
        Relay("mail", 2525, Security.STARTTLS),
    ],
)
def test_an_address_says_all_and_is_read_again(relay: Relay) -> None:
    assert read_relay(relay.url) == relay
    assert "ü" not in repr(relay)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("host", host) for host in ("", "smtp://mail.org", "a b", "mail.org/x", "-a.org", "mail.org\n", "x@y")),
        *(("port", port) for port in ("", "0", "65536", "5x", "٥٨٧")),
        ("security", "maybe"),
        ("security", "none"),
        ("username", "a\r\nb"),
        ("password", "x" * 501),
    ],
)
def test_what_is_wrong_is_named_at_its_field(field: str, value: str) -> None:
    assert wrong_with(GOOD) == {}
    assert list(wrong_with({**GOOD, field: value})) == [field]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("", ""),
        ("smtp://me:secret@mail.example:587?starttls=1", "smtp://mail.example:587"),
        ("smtps://me:secret@mail.example", "smtps://mail.example:465"),
        ("smtp://[2001:db8::1]:2525", "smtp://[2001:db8::1]:2525"),
    ],
)
def test_a_place_is_told_without_user_and_password(url: str, place: str) -> None:
    assert place_of(url) == place


@pytest.mark.parametrize("port", ["x", "70000", "0"])
def test_a_port_that_is_none_stops_the_start(port: str) -> None:
    env = {"DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://r", "DEARREP_SECRET_KEY": "k" * 32}
    with pytest.raises(SettingsError, match="The port in DEARREP_MAIL_RELAY_URL"):
        from_env({**env, "DEARREP_MAIL_RELAY_URL": f"smtp://me:secret@mail.example:{port}"})
