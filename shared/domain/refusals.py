"""What a mail server's refusal means: one table for SMTP replies, bounces and events of relay services.

Words decide before codes, because servers report quotas, rates, block lists, senders and content under nearly every
code. `shared/domain/refusal_words.py` has the words, `shared/domain/status_codes.py` finds the codes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.domain import refusal_words as said
from shared.domain.causes import Cause


class Effect(StrEnum):
    """What follows a refusal."""

    # It is about this letter, for good.
    FINAL = "final"
    # The letter is tried again.
    LATER = "later"
    # It is about us, at this receiving domain: the letter waits, and so does the domain.
    DOMAIN = "domain"
    # It is about us, at the relay: the letter waits, and so does all mail.
    RELAY = "relay"


EFFECTS: dict[Cause, Effect] = {
    Cause.NO_SUCH_ADDRESS: Effect.FINAL,
    Cause.TOO_LARGE: Effect.FINAL,
    Cause.CONTENT: Effect.FINAL,
    Cause.REFUSED: Effect.FINAL,
    Cause.GAVE_UP: Effect.FINAL,
    Cause.MAILBOX_FULL: Effect.LATER,
    Cause.TEMPORARY: Effect.LATER,
    Cause.OUR_DNS: Effect.DOMAIN,
    Cause.OUR_REPUTATION: Effect.DOMAIN,
    Cause.OUR_RATE: Effect.DOMAIN,
    Cause.AUTHENTICATION: Effect.RELAY,
    Cause.RELAY_LIMIT: Effect.RELAY,
    Cause.RELAY_REFUSED: Effect.RELAY,
}


@dataclass(frozen=True)
class Refusal:
    """`is_certain` is False for a "no such address" that can mean something else, such as a disabled mailbox."""

    cause: Cause
    is_certain: bool = True

    @property
    def effect(self) -> Effect:
        """What follows."""
        return EFFECTS[self.cause]


# Longer replies are cut to this many characters first.
_MOST_WORDS = 2_000
_URL = re.compile(r"https?://([\w.-]{1,200})(\S{0,500})", re.IGNORECASE)
# The server repeats our subject. Its words say nothing about the refusal.
_ECHO = re.compile(r"\bsubject:? ?(?:\([^)]{0,300}\)|\"[^\"]{0,300}\"|'[^']{0,300}')", re.IGNORECASE)
# A server's name may contain any word.
_NAME = re.compile(r"\(?\bhost [\w.-]{1,200}\.[a-z]{2,}\)?", re.IGNORECASE)
_ADDRESS = re.compile(r"<?([\w.!#$%&'*+/=?^`{|}~-]{1,80})@([\w.-]{1,200})>?")
_BASIC = re.compile(r"[45]\d\d\b")
# Each line of a reply begins with its codes. In one joined line they interrupt the sentences.
_CODES = re.compile(r"(?<![\w.])[245]\d\d(?:[ -]#?[245]\.\d{1,3}\.\d{1,3})?[ -](?=\D)")
# Text before the server's own words: the name of the host that said them, and stock sentences of gateways.
_SAID = re.compile(r"^(?!.{0,300}undeliverable address).{0,300}?\bsaid: ", re.IGNORECASE)
_STOCK = re.compile(
    r"\b5\.\d\.\d - [\w ()]{1,60}?(?=\d{3}[ -]|['\"])|\brequested (?:mail )?action (?:not taken|aborted)\b[:;,.]?"
    r"(?: mailbox (?:unavailable|name not allowed)\b[:;,.]?)?|\b5\.0\.0 service unavailable\b"
    r"|\bremote (?:server|host) (?:returned|said)\b:?|\(in reply to (?:end of )?[\w ]{2,20} command\)",
    re.IGNORECASE,
)
# A word other than the ones that remain around codes and addresses.
_LETTERS = re.compile(r"\b(?!(?:address|our|smtp|error|code)\b)[^\W\d_]{3}", re.IGNORECASE)


# Codes that decide whatever the words say.
_EXACT: dict[str, Cause] = {
    **dict.fromkeys(
        ("5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.27", "5.7.29", "5.7.30", "5.7.32", "5.7.40"), Cause.OUR_DNS
    ),
    **dict.fromkeys(
        ("4.7.23", "4.7.24", "4.7.25", "4.7.26", "4.7.27", "4.7.29", "4.7.30", "4.7.32", "4.7.40"), Cause.OUR_DNS
    ),
    **dict.fromkeys(("5.7.28", "4.7.28"), Cause.OUR_RATE),
    **dict.fromkeys(("5.7.509", "5.7.515"), Cause.OUR_DNS),
    **dict.fromkeys(
        ("5.7.501", "5.7.502", "5.7.503", "5.7.506", "5.7.507", "5.7.508", "5.7.511", "5.7.513"), Cause.OUR_REPUTATION
    ),
    **dict.fromkeys(("5.2.121", "5.2.122", "4.2.121", "4.2.122"), Cause.TEMPORARY),
}
# Microsoft uses these ranges for blocked IP addresses and for tenants that may not send.
_MICROSOFT = ((606, 649), (700, 749))
# Codes that decide if the words don't.
_USUAL: dict[str, Cause] = {
    **dict.fromkeys(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"), Cause.NO_SUCH_ADDRESS),
    **dict.fromkeys(("5.2.2", "4.2.2"), Cause.MAILBOX_FULL),
    **dict.fromkeys(("5.2.3", "5.3.4"), Cause.TOO_LARGE),
    **dict.fromkeys(("5.1.7", "5.1.8"), Cause.OUR_DNS),
    "5.7.8": Cause.AUTHENTICATION,
    **dict.fromkeys(("5.4.4", "5.4.7", "5.4.6"), Cause.GAVE_UP),
}
_CERTAIN = {"5.1.1", "5.1.10"}
_FULL_SUBJECT = ".2.2"
# The first pattern that matches decides.
_OURS = (
    (Cause.CONTENT, said.LINK_LISTED),
    (Cause.RELAY_REFUSED, said.RELAY_REFUSED),
    (Cause.CONTENT, said.VERDICT),
    (Cause.OUR_DNS, said.DNS),
    (Cause.OUR_REPUTATION, said.REPUTATION),
    (Cause.TEMPORARY, said.MAILBOX_RATE),
    (Cause.OUR_RATE, said.RATE),
)
_MAILBOXES = (
    (Cause.TEMPORARY, said.SYSTEM_FULL),
    (Cause.MAILBOX_FULL, said.FULL),
    (Cause.TOO_LARGE, said.LARGE),
)
# A 4xx reply turns these causes into a temporary one.
_ONLY_FOR_GOOD = {Cause.NO_SUCH_ADDRESS, Cause.TOO_LARGE, Cause.CONTENT, Cause.REFUSED, Cause.GAVE_UP}


def read_refusal(words: str, *, status: str = "", ours: str = "") -> Refusal:
    """What a server's refusal means.

    `words` is its reply with or without codes, `status` its enhanced code (RFC 3463), if it has one; where the two
    disagree, the basic code at the beginning of the words says whether it is for now. `ours` is our mail domain, if the
    caller knows it: what is said of an address there is said of us.
    """
    words = words[:_MOST_WORDS]
    basic = _BASIC.match(words)
    is_temporary = (basic[0] if basic else status).startswith("4")
    text = _plain_words(words, ours)
    found = _by_code_alone(status) or _read(text, status)
    if is_temporary and found.cause in _ONLY_FOR_GOOD:
        return Refusal(Cause.TEMPORARY)
    if is_temporary and found.cause is Cause.OUR_DNS and said.DNS_TROUBLE.search(text):
        return Refusal(Cause.TEMPORARY)
    return found


def _plain_words(words: str, ours: str) -> str:
    """A server's words as one sentence: without codes, stock sentences of gateways, and addresses."""

    def name(found: re.Match[str]) -> str:
        is_ours = found[1].lower().startswith("bounce+") or (bool(ours) and found[2].lower() == ours.lower())
        return " our address " if is_ours else " address "

    text = _ECHO.sub(" subject ", words.replace("\u2019", "'"))
    text = _URL.sub(lambda found: f" {found[1]} {'IP look-up' if 'ip=' in found[2] else ''} ", text)
    text = _NAME.sub(" ", _SAID.sub("", _ADDRESS.sub(name, text)))
    text = _CODES.sub(" ", text)
    bare = _STOCK.sub(" ", text)
    # A stock sentence that stands alone is all that there is to read.
    return " ".join((bare if _LETTERS.search(bare) else text).split())


def _by_code_alone(status: str) -> Refusal | None:
    if status in _EXACT:
        return Refusal(_EXACT[status])
    subject, _, detail = status.rpartition(".")
    if subject == "5.7" and detail.isdecimal() and any(first <= int(detail) <= last for first, last in _MICROSOFT):
        return Refusal(Cause.OUR_REPUTATION)
    return None


def _read(text: str, status: str) -> Refusal:
    """Asks what is certainly about the mailbox, then about us, then possibly about the mailbox; then the code."""
    if found := _certain_about_mailbox(text, status):
        return found
    if cause := _about_us(text) or _first(_MAILBOXES, text):
        return Refusal(cause)
    is_senders = said.SENDER.search(text) is not None
    if is_senders and said.NOBODY.search(text):
        return Refusal(Cause.OUR_DNS)
    if said.CONTENT.search(text):
        is_ours = status == "5.7.1" and said.UNSOLICITED.search(text)
        return Refusal(Cause.OUR_REPUTATION if is_ours else Cause.CONTENT)
    if said.PERHAPS_NOBODY.search(text) and not is_senders:
        is_later = said.TEMPORARY.search(text)
        return Refusal(Cause.TEMPORARY) if is_later else Refusal(Cause.NO_SUCH_ADDRESS, is_certain=False)
    return _by_code(text, status)


def _certain_about_mailbox(text: str, status: str) -> Refusal | None:
    if said.DOUBTFUL.search(text):
        return Refusal(Cause.NO_SUCH_ADDRESS, is_certain=False)
    if said.NOBODY.search(text) and not said.SENDER.search(text):
        return Refusal(Cause.NO_SUCH_ADDRESS)
    is_full = status[1:] == _FULL_SUBJECT or said.CROWDED.search(text)
    return Refusal(Cause.MAILBOX_FULL) if is_full and not said.OUTBOUND.search(text) else None


def _about_us(text: str) -> Cause | None:
    if said.NO_SERVER.search(text):
        return Cause.GAVE_UP
    if said.SIGN_IN.search(text) and not said.MEMBERS_ONLY.search(text):
        return Cause.AUTHENTICATION
    if said.ACCOUNT_LIMIT.search(text) or (said.RELAY_LIMIT.search(text) and not said.NOT_SENDING.search(text)):
        return Cause.RELAY_LIMIT
    return _first(_OURS, text)


def _first(rules: Iterable[tuple[Cause, re.Pattern[str]]], text: str) -> Cause | None:
    return next((cause for cause, pattern in rules if pattern.search(text)), None)


def _by_code(text: str, status: str) -> Refusal:
    cause = _USUAL.get(status)
    if cause is Cause.NO_SUCH_ADDRESS:
        if said.TEMPORARY.search(text):
            return Refusal(Cause.TEMPORARY)
        # Unknown words may contradict the code.
        return Refusal(cause, is_certain=status in _CERTAIN and not _LETTERS.search(text))
    if cause:
        return Refusal(cause)
    if said.TEMPORARY.search(text):
        return Refusal(Cause.TEMPORARY)
    return Refusal(Cause.GAVE_UP if said.GAVE_UP.search(text) else Cause.REFUSED)
