"""What people type: links in their own words, slips in the name of their mail service, and the limits in settings."""

import pytest

from shared.domain.email_slips import likely_meant
from shared.domain.places import HomeAddress
from shared.domain.supporter_input import OWN_WORDS_MAX, SupporterDetails, checked_details, checked_words
from shared.domain.typed_links import find_links
from shared.domain.typed_text import ascii_address
from shared.errors import InputError, SettingsError
from shared.fences import read_limit
from shared.settings import from_env

LEAST = {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x", "DEARREP_SECRET_KEY": "k" * 32}


@pytest.mark.parametrize(
    ("typed", "links"),
    [
        ("See https://x.example/a?b.", ("https://x.example/a?b",)),
        ("HTTP://X.Y", ("HTTP://X.Y",)),
        ("www.foo.org, please", ("www.foo.org",)),
        ("It is at example.com/petition now", ("example.com/petition",)),
        ("(bit.ly/3x)", ("bit.ly/3x",)),
        ("Visit Example.COM.", ("Example.COM",)),
        ("one.com and one.com", ("one.com",)),
    ],
)
def test_links_are_found_as_they_were_typed(typed: str, links: tuple[str, ...]) -> None:
    assert find_links(typed) == links


@pytest.mark.parametrize(
    "typed",
    [
        "I moved to St.Louis, e.g. for work.",
        "U.S./Canada and/or N.H./Mass.",
        "I vote.Me too. He said no.Net loss. Support us.Shop local",
        "Bill H.1234/S.567 at 3.30 p.m./noon, Mr.Smith/Mrs.Jones",
        "Write to me@example.org or jane@mail.example.org",
        "Ends... with dots",
    ],
)
def test_words_are_no_links(typed: str) -> None:
    assert find_links(typed) == ()


def test_own_words_with_a_link_name_what_to_take_out() -> None:
    with pytest.raises(InputError) as wrong:
        checked_words("Read www.foo.org and x.com/y", None, None)
    assert wrong.value.fields["own_words"].startswith("Take out “www.foo.org”, “x.com/y”: ")


def test_own_words_are_counted_as_they_were_typed() -> None:
    line = "x" * (OWN_WORDS_MAX // 2 - 1)
    assert checked_words(f"{line}\r\n{line}", None, None)["own_words"] == f"{line}\n{line}"
    with pytest.raises(InputError) as wrong:
        checked_words("x" * (OWN_WORDS_MAX + 12), None, None)
    assert wrong.value.fields["own_words"].endswith("Shorten them by 12.")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("Gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("mgail.com", "gmail.com"),
        ("yaho.com", "yahoo.com"),
        ("hotmial.con", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("iclod.com", "icloud.com"),
        ("aol.con", "aol.com"),
        ("comcast.ner", "comcast.net"),
        ("verison.net", "verizon.net"),
    ],
)
def test_a_slip_is_a_question(typed: str, meant: str) -> None:
    assert likely_meant(f"Jamie@{typed}") == f"Jamie@{meant}"


REAL = """gmail.com mail.com gmx.com ymail.com email.com me.com gail.com aon.com yahoo.ca yahoo.co.uk hotmail.fr
yahoo.cn hotmail.co.uk outlook.de comcast.com verizon.com cloud.com sol.com state.ma.us example.org x"""


@pytest.mark.parametrize("domain", REAL.split())
def test_a_real_service_is_never_asked_about(domain: str) -> None:
    assert likely_meant(f"jamie@{domain}") is None


def test_what_is_no_address_is_not_asked_about() -> None:
    assert [likely_meant(typed) for typed in ("", "gmial.com", "@gmial.com", "a@b@gmial.com")] == [None] * 4


def test_limits_are_read_from_settings() -> None:
    limit = read_limit("300 per 10 minutes")
    assert limit is not None
    assert (limit.amount, limit.get_expiry()) == (300, 600)
    assert read_limit("Off") is None
    settings = from_env({**LEAST, "DEARREP_FASTEST_SEND": "0", "DEARREP_KEEP_DAYS": "30", "DEARREP_EMAIL_LIMIT": "off"})
    assert (settings.fastest_send, settings.keep_days, settings.email_limit) == (0.0, 30.0, "off")
    assert from_env(LEAST).fastest_send == 2.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEARREP_NETWORK_LIMIT", "many"),
        ("DEARREP_EMAIL_LIMIT", "10 per fortnight"),
        ("DEARREP_FASTEST_SEND", "-1"),
        ("DEARREP_KEEP_DAYS", "nan"),
    ],
)
def test_a_wrong_limit_stops_the_start_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        from_env({**LEAST, name: value})


@pytest.mark.parametrize(
    ("address", "ascii_one"),
    [
        ("ana@house.example", "ana@house.example"),
        ("ana@b\u00fccher.example", "ana@xn--bcher-kva.example"),
        ("j\u00f6rg@house.example", ""),
        ("", ""),
        ("ana@" + "a" * 70 + ".example", ""),
    ],
)
def test_an_address_is_written_as_every_mail_server_takes_it(address: str, ascii_one: str) -> None:
    assert ascii_address(address) == ascii_one


def test_names_are_no_place_for_links() -> None:
    home = HomeAddress("12 Maple Street", "Worcester", "MA", "01603")
    with pytest.raises(InputError) as error:
        checked_details(SupporterDetails("Win at www.foo.org", "Rivera", "jamie@example.org", home))
    assert list(error.value.fields) == ["first_name"]
    named = checked_details(SupporterDetails("J.R.", "St.John-O'Neil", "jamie@example.org", home))
    assert (named["first_name"], named["last_name"]) == ("J.R.", "St.John-O'Neil")
