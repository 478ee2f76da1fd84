"""What supporters type into the form and the letter: cleaned, checked, and as it is stored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.identities import EMAIL_MAX, ascii_email
from shared.domain.merge_fields import RECIPIENT_FIELDS, canonical, find_problems
from shared.domain.phrases import Phrase, phrase
from shared.domain.places import HomeAddress
from shared.domain.typed_links import find_links
from shared.domain.typed_text import clean_line, clean_text, clean_within
from shared.errors import InputError

OWN_WORDS_MAX = 1_000
SUBJECT_MAX = 200
BODY_MAX = 10_000
NAME_MAX = 100
ADDRESS_MAX = {"street": 200, "unit": 50, "city": 100, "zip": 10}
_LINE_SEEN = 1_000
_EDITED: Mapping[str, tuple[int, Callable[[str], str]]] = {
    "edited_subject": (SUBJECT_MAX, clean_line),
    "edited_body": (BODY_MAX, clean_text),
}
# As much of links as a message can name.
_LINKS_NAMED = 3
_LINK_SHOWN = 60


@dataclass(frozen=True)
class SupporterDetails:
    """What step 1 asks for, as typed."""

    first_name: str
    last_name: str
    email: str
    address: HomeAddress


def checked_details(details: SupporterDetails) -> dict[str, Any]:
    """Name, email and address as they are stored; raises InputError with every problem."""
    names = {
        "first_name": clean_within(details.first_name, NAME_MAX),
        "last_name": clean_within(details.last_name, NAME_MAX),
    }
    values: dict[str, Any] = dict(names)
    wrong: dict[str, str] = {}
    missing = {"first_name": phrase("Enter your first name"), "last_name": phrase("Enter your last name")}
    for field, name in names.items():
        if name is None:
            wrong[field] = _too_long(NAME_MAX)
        elif not name:
            wrong[field] = missing[field]
        elif links := find_links(name):
            wrong[field] = _no_links_in_names(links)
    # Letters show both names in one line: "Win evil" and ".me" make a link together.
    if not wrong and (links := find_links(f"{values['first_name']} {values['last_name']}")):
        wrong["last_name"] = _no_links_in_names(links)
    try:
        values["email"] = checked_email(details.email)
    except InputError as error:
        wrong |= error.fields
    try:
        values |= checked_address(details.address)
    except InputError as error:
        wrong |= error.fields
    if wrong:
        raise InputError(wrong)
    return values


def checked_address(address: HomeAddress) -> dict[str, Any]:
    """The parts of an address as they are stored; raises InputError."""
    typed = {"street": address.street, "unit": address.unit, "city": address.city, "zip": address.zip}
    # Every page's form allows less; what a file of people holds is cut.
    values = {field: clean_line(text[:_LINE_SEEN])[: ADDRESS_MAX[field]] for field, text in typed.items()}
    values["us_state"] = clean_line(address.state[:_LINE_SEEN])[:2].upper()
    wrong: dict[str, str] = {}
    if not values["street"]:
        wrong["street"] = phrase("Enter your home street address with its number")
    if not values["city"]:
        wrong["city"] = phrase("Enter your city or town")
    for field in ("street", "unit", "city"):
        if links := find_links(values[field]):
            wrong[field] = _take_out(links)
    if wrong:
        raise InputError(wrong)
    return values


def checked_words(own_words: str, edited_subject: str | None, edited_body: str | None) -> dict[str, Any]:
    """What a supporter wrote as it is stored; raises InputError. None for a letter that was not edited."""
    wrong: dict[str, str] = {}
    words = clean_within(own_words, OWN_WORDS_MAX, clean_text)
    if words is None:
        wrong["own_words"] = _own_words_too_long(own_words)
    elif links := find_links(words):
        wrong["own_words"] = _take_out(links)
    subject = _edited("edited_subject", edited_subject, wrong)
    body = _edited("edited_body", edited_body, wrong)
    if wrong:
        raise InputError(wrong)
    return {"own_words": words, "edited_subject": subject, "edited_body": body}


def _edited(field: str, typed: str | None, wrong: dict[str, str]) -> str | None:
    """A part of an edited letter as it is stored; `wrong` gets what keeps it from being one."""
    if typed is None:
        return None
    most, clean = _EDITED[field]
    text = clean_within(typed, most, clean)
    if text is None:
        wrong[field] = _too_long(most)
        return None
    text = canonical(text)
    if not text:
        wrong[field] = phrase("Write something here, or go back to the letter as it was")
    elif problems := find_problems(text, allowed=RECIPIENT_FIELDS):
        wrong[field] = phrase("Take out the curly brackets: %(problem)s", problem=problems[0][1])
    return text


def check_edited_links(subject: str | None, body: str | None, as_written: Iterable[str]) -> None:
    """Links that the campaign's own letters have may stay in an edited one; raises InputError for any other."""
    found = {field: find_links(text or "") for field, text in (("edited_subject", subject), ("edited_body", body))}
    if not any(found.values()):
        return
    known = {link for text in as_written for link in find_links(text)}
    wrong: dict[str, str] = {}
    for field, every in found.items():
        if links := [link for link in every if link not in known]:
            wrong[field] = _take_out(links)
    if wrong:
        raise InputError(wrong)


def _own_words_too_long(typed: str) -> Phrase:
    """By how many characters; of a text that is far too long, about."""
    text = clean_text(typed[: 10 * OWN_WORDS_MAX])
    return phrase(
        "Your own words must be %(most)s characters or fewer. Shorten them by %(over)s.",
        most=f"{OWN_WORDS_MAX:,}",
        over=f"{len(text) + len(typed[10 * OWN_WORDS_MAX :]) - OWN_WORDS_MAX:,}",
    )


def _take_out(links: Sequence[str]) -> Phrase:
    return phrase(
        "Take out %(links)s: mail servers may take a letter with links for spam."
        " If this isn't a link, put a space after the dot.",
        links=_named(links),
    )


def _no_links_in_names(links: Sequence[str]) -> Phrase:
    return phrase(
        "Links aren't allowed in names. Remove %(links)s. If this isn't a link, put a space after the dot.",
        links=_named(links),
    )


def _named(links: Sequence[str]) -> str:
    return ", ".join(f"“{link[:_LINK_SHOWN]}”" for link in links[:_LINKS_NAMED])


def checked_email(typed: str) -> str:
    """The address as mail servers take it, without asking any; raises InputError for what is none."""
    found = ascii_email(clean_within(typed, EMAIL_MAX) or "")
    if not found:
        raise InputError({"email": phrase("Enter an email address in the form name@example.org")})
    return found


def _too_long(most: int) -> Phrase:
    return phrase("This must be %(most)s characters or fewer", most=f"{most:,}")
