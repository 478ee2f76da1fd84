"""Links and what only looks like one, in names and words of many kinds: `tests/typed_links.csv`."""

import csv
import re
from pathlib import Path

import pytest

from shared.domain.places import HomeAddress
from shared.domain.supporter_input import SupporterDetails, checked_address, checked_details, checked_words
from shared.domain.top_level_domains import is_top_level
from shared.domain.typed_links import find_links
from shared.errors import InputError
from tests.hostile import cpu_seconds

_FILE = Path(__file__).parent.parent / "typed_links.csv"
# `\u{200d}` stands for a character that nobody could see in the file.
_SHOWN = re.compile(r"\\u\{([0-9a-f]+)\}")
CASES = [
    tuple(_SHOWN.sub(lambda code: chr(int(code[1], 16)), cell) for cell in row)
    for row in csv.reader(_FILE.read_text(encoding="utf-8").splitlines())
][1:]
HOME = HomeAddress("12 Maple Street", "Worcester", "MA", "01603")
HOSTILE = (
    *("a", "a.", "a.me ", "a.me/", "a1.me@x.me ", "dr.me ", "A.ME ", "a-", "a_", "...", "1.1.1.1.", "xn--.", "a@b.me/"),
    *(
        "://",
        "a://",
        "www.",
        "www a ",
        "href=",
        "a . ",
        "a . me a ",
        "a dot ",
        "dot ",
        "a(.)",
        "a(.)me/",
        "( . )",
        "a\t",
    ),
    *("a\u200b", "\u0332", "a\u3002", "\u70b9com", "\u4e2d.", "\u00e9.", "\U0001d41e", "evil.me.Then", "a:11111/"),
)


@pytest.mark.parametrize(("kind", "typed", "link"), CASES)
def test_links_are_found_and_words_are_none(kind: str, typed: str, link: str) -> None:
    assert find_links(typed) == ((link,) if link else ()), kind


def test_there_are_enough_cases_of_both() -> None:
    assert sum(bool(link) for _, _, link in CASES) >= 100
    assert sum(not link for _, _, link in CASES) >= 100


def test_several_links_are_found_in_their_order_once() -> None:
    assert find_links("t.me/x, then evil . com and EVIL.ME, then t.me/x") == ("t.me/x", "evil . com", "EVIL.ME")


def test_a_text_between_words_is_no_part_of_a_link() -> None:
    letter = "Dear Senator,\n\nI am a nurse in St.Paul. It can't go on.My son is 9.\n\nThank you.\nJ.R. Rivera"
    assert find_links(letter) == ()
    assert find_links(f"{letter}, prize.top") == ("prize.top",)


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_long(piece: str) -> None:
    find_links("example.com")
    text = (piece * (250_000 // len(piece)))[:250_000]
    _, spent = cpu_seconds(lambda: (find_links(text), find_links(f"{text}!")), 0.1)
    assert spent < 0.1


@pytest.mark.parametrize("label", ["com", "ME", "рф", "РФ", "xn--p1ai", "top", "ck", "museum", "example"])
def test_top_level_domains_are_known(label: str) -> None:
    assert is_top_level(label)


@pytest.mark.parametrize("label", ["", "mary", "jan", "co.uk", "github", "*", "!www"])
def test_other_words_are_no_top_level_domains(label: str) -> None:
    assert not is_top_level(label)


@pytest.mark.parametrize("link", [link for _, _, link in CASES if link])
def test_names_words_and_addresses_have_no_links(link: str) -> None:
    for first, last, field in ((f"Win {link}", "Rivera", "first_name"), ("Jamie", f"Win {link}", "last_name")):
        with pytest.raises(InputError) as wrong:
            checked_details(SupporterDetails(first, last, "jamie@example.org", HOME))
        assert list(wrong.value.fields) == [field]
        assert wrong.value.fields[field].startswith("Links aren't allowed in names. Remove “")
    with pytest.raises(InputError) as wrong:
        checked_words(f"Win {link}", None, None)
    assert wrong.value.fields["own_words"].startswith("Take out “")
    with pytest.raises(InputError) as wrong:
        checked_address(HomeAddress("12 Maple Street", "Worcester", "MA", "01603", f"Win {link}"))
    assert list(wrong.value.fields) == ["unit"]


@pytest.mark.parametrize(
    ("first", "last"), [("Win evil", ".me"), ("Win evil.", "com"), ("Win evil .", "me"), ("evil dot", "com")]
)
def test_two_names_make_no_link_together(first: str, last: str) -> None:
    with pytest.raises(InputError) as wrong:
        checked_details(SupporterDetails(first, last, "jamie@example.org", HOME))
    assert list(wrong.value.fields) == ["last_name"]


@pytest.mark.parametrize(
    ("first", "last"), [("Maria G.", "de la Cruz"), ("Ma.", "Lopez"), ("John J.", "Kim"), ("J.", "so"), ("", "")]
)
def test_names_with_initials_are_taken(first: str, last: str) -> None:
    if first:
        assert checked_details(SupporterDetails(first, last, "jamie@example.org", HOME))["last_name"] == last
    else:
        with pytest.raises(InputError) as wrong:
            checked_details(SupporterDetails(first, last, "jamie@example.org", HOME))
        assert list(wrong.value.fields) == ["first_name", "last_name"]


@pytest.mark.parametrize(
    "street", ["12 St.Paul St.", "P.O.Box 12", "1 Rev.Dr.Martin L.King Jr.Blvd", "9 Ave.of the Arts"]
)
def test_street_names_are_no_links(street: str) -> None:
    assert checked_address(HomeAddress(street, "St.Louis", "MA", "", "Apt.3"))["street"] == street
