"""What supporters type into the form and the letter: cleaned, checked, and as it is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email

from shared.domain.merge_fields import RECIPIENT_FIELDS, canonical, find_problems
from shared.domain.phrases import Phrase, phrase
from shared.domain.places import HomeAddress
from shared.domain.typed_links import find_links
from shared.domain.typed_text import clean_line, clean_text
from shared.errors import InputError

OWN_WORDS_MAX = 1_000
SUBJECT_MAX = 200
BODY_MAX = 10_000
NAME_MAX = 100
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
    values = {"first_name": clean_line(details.first_name), "last_name": clean_line(details.last_name)}
    wrong: dict[str, str] = {}
    missing = {"first_name": phrase("Enter your first name"), "last_name": phrase("Enter your last name")}
    for field, words in missing.items():
        if not values[field]:
            wrong[field] = words
        elif len(values[field]) > NAME_MAX:
            wrong[field] = _too_long(NAME_MAX)
        elif links := find_links(values[field]):
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
    values = {
        "street": clean_line(address.street)[:200],
        "unit": clean_line(address.unit)[:50],
        "city": clean_line(address.city)[:100],
        "zip": clean_line(address.zip)[:10],
        "us_state": clean_line(address.state)[:2].upper(),
    }
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
    words = clean_text(own_words)
    if problem := _wrong_with_own_words(words):
        wrong["own_words"] = problem
    subject = None if edited_subject is None else canonical(clean_line(edited_subject))
    body = None if edited_body is None else canonical(clean_text(edited_body))
    for field, text, most in (("edited_subject", subject, SUBJECT_MAX), ("edited_body", body, BODY_MAX)):
        if text is None:
            continue
        if not text:
            wrong[field] = phrase("Write something here, or go back to the letter as it was")
        elif len(text) > most:
            wrong[field] = _too_long(most)
        elif problems := find_problems(text, allowed=RECIPIENT_FIELDS):
            wrong[field] = phrase("Take out the curly brackets: %(problem)s", problem=problems[0][1])
    if wrong:
        raise InputError(wrong)
    return {"own_words": words, "edited_subject": subject, "edited_body": body}


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


def _wrong_with_own_words(words: str) -> Phrase | None:
    """None when they are fine."""
    if (over := len(words) - OWN_WORDS_MAX) > 0:
        return phrase(
            "Your own words must be %(most)s characters or fewer. Shorten them by %(over)s.",
            most=f"{OWN_WORDS_MAX:,}",
            over=f"{over:,}",
        )
    links = find_links(words)
    return _take_out(links) if links else None


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
    try:
        found = validate_email(clean_line(typed), check_deliverability=False, test_environment=True).ascii_email
    except EmailNotValidError:
        found = None
    if not found:
        # Letters beyond ASCII before the at sign are refused by many mail servers.
        raise InputError({"email": phrase("Enter an email address in the form name@example.org")})
    return found


def _too_long(most: int) -> Phrase:
    return phrase("This must be %(most)s characters or fewer", most=f"{most:,}")
