import pytest

from shared.domain.identities import (
    Mark,
    email_hash,
    envelope_sender,
    message_id,
    read_mark,
    read_unsubscribe_key,
    source_hash,
    unsubscribe_key,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "198.51.100.250", True),
        ("198.51.100.7", "198.51.101.7", False),
        ("198.51.100.7", "::ffff:198.51.100.9", True),
        ("2001:db8:0:1::7", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::7", "2001:db8:0:2::7", False),
        ("0.0.0.0", "::", False),
        ("unix:", "", True),
    ],
)
def test_a_source_is_a_network(one: str, other: str, same: bool) -> None:
    assert (source_hash("secret", one) == source_hash("secret", other)) == same


def test_a_source_can_not_be_guessed_without_the_secret() -> None:
    assert source_hash("secret", "198.51.100.7") != source_hash("other", "198.51.100.7")
    assert "198" not in source_hash("secret", "198.51.100.7")


@pytest.mark.parametrize("kind", ["letter", "follow_up"])
def test_what_comes_back_names_what_left(kind: str) -> None:
    for resends in (0, 1, 40):
        sender = envelope_sender("secret", kind, 4711, "letters.example", resends)
        assert read_mark("secret", f"RFC822; <{sender.upper()}>") == Mark(kind, 4711, resends)
        assert len(sender.partition("@")[0]) <= 64
    assert read_mark("secret", f"In-Reply-To: {message_id('secret', kind, 12, 'letters.example')}") == Mark(kind, 12)


def test_marks_of_others_are_not_ours() -> None:
    sender = envelope_sender("secret", "letter", 4711, "letters.example")
    changed = (sender.replace("4711", "4712"), sender.replace("4711", "4711.1"), sender.replace("4", "\u0664"))
    for other in (*changed, sender.replace("+l", "+f"), f"a{sender[7:]}", "", "bounce+l1-@x"):
        assert read_mark("secret", other) is None
    assert read_mark("another", sender) is None
    assert read_unsubscribe_key("secret", sender) is None


def test_an_unsubscribe_key_is_for_that_alone() -> None:
    key = unsubscribe_key("secret", 9)
    assert read_unsubscribe_key("secret", f"unsubscribe+{key}@letters.example") == 9
    assert read_mark("secret", key) is None
    assert read_unsubscribe_key("secret", key.replace("9", "8", 1)) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Jamie@Example.org", " jamie@example.org ", True),
        ("jamie@münchen.example", "jamie@xn--mnchen-3ya.example", True),
        ("Jamie@MÜNCHEN.example", "jamie@mu\u0308nchen.example", True),
        ("jamie@straße.example", "jamie@xn--strae-oqa.example", True),
        ("jamie@例子.example", "jamie@xn--fsqu00a.example", True),
        ("jamie@münchen.example", "jamie@munchen.example", False),
        ("jamie@straße.example", "jamie@strasse.example", False),
        ("jämie@example.org", "jamie@example.org", False),
        ("ü" * 5_000 + "@x", "ü" * 5_000 + "@y", False),
        ("no address, ü", "no address, Ü", True),
    ],
)
def test_an_email_address_is_the_same_however_its_domain_is_written(one: str, other: str, same: bool) -> None:
    assert (email_hash("secret", one) == email_hash("secret", other)) == same
