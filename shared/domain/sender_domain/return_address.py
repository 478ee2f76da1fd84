"""Can bounces come back? What the mail server for our domain answered when it was offered a bounce, in plain words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.sender_domain.findings import Finding, Light

ABOUT_MX = "MX, for bounces and answers"
_ABOUT = "Return address for bounces"
# About the machine that asks, not about the address that it asks for.
_ABOUT_US = re.compile(
    r"client host|\bhelo\b|reverse (dns|hostname)|blocked (using|by)|spamhaus|reputation", re.IGNORECASE
)
_LATER = re.compile(r"gr[ae]y-?list|try again later|currently unavailable", re.IGNORECASE)
_NOT_ITS_OWN = re.compile(r"relaying|relay access|\b(to|not?) relay\b|relay not", re.IGNORECASE)


class Reaction(StrEnum):
    """How far an offered bounce came."""

    ACCEPTED = "accepted"
    RECIPIENT_REFUSED = "recipient refused"
    # It takes no mail without a sender, which is what bounces are.
    SENDER_REFUSED = "sender refused"
    # It did not let us ask, or hung up.
    TURNED_AWAY = "turned away"
    CONNECTION_REFUSED = "connection refused"
    NO_CONNECTION = "no connection"


@dataclass(frozen=True)
class MailHost:
    """A server of the MX record, with its addresses."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Offered:
    """What `host` did when it was offered a bounce to `recipient`; `reply` is what it said, empty without an answer."""

    reaction: Reaction
    host: str
    recipient: str
    reply: str = ""


# Takes the servers, best first. Sends no message, and never raises.
OfferBounce = Callable[[Sequence[MailHost]], Offered]


def check_return_address(
    domain: str, records: tuple[str, ...], hosts: Sequence[MailHost], offer: OfferBounce | None
) -> Finding:
    """`records` is the MX record; `offer` None when this installation expects no mail."""
    if offer is None:
        words = f"Bounces and answers go to {hosts[0].name}. This installation expects none of them: it has no "
        words += "listener (DEARREP_INBOUND_URL), and dearrep inbox read has lately read no maildir."
        return Finding(ABOUT_MX, Light.GREEN, words, domain, records)
    offered = offer(hosts)
    there = f"Bounces and answers go to {offered.host}"
    said = f" It said: {offered.reply}" if offered.reply else ""
    match offered.reaction:
        case Reaction.ACCEPTED:
            words = f"{there}, which takes mail to the return addresses of our letters."
            return Finding(ABOUT_MX, Light.GREEN, words, domain, records)
        case Reaction.RECIPIENT_REFUSED | Reaction.SENDER_REFUSED if not _is_about_us(offered.reply):
            words = f"{there}, which refuses them, so you don't learn of letters that come back."
            return Finding(_ABOUT, Light.RED, words + said, domain, records, _mend(domain, offered))
        case Reaction.CONNECTION_REFUSED:
            words, mend = f"{there}, but no mail server listens there at port 25.", "Start it, or mend the MX record."
            return Finding(_ABOUT, Light.RED, words, domain, records, mend)
        case Reaction.NO_CONNECTION:
            words = f"{there}. We can't try whether it takes them: its port 25 does not answer from here."
            words += " Many hosting providers block that port."
        case _:
            words = f"{there}. We can't tell whether it takes them: it turned us away."
    mend = f"Check again later, or send an email to {offered.recipient} and see whether “What comes back” hears of it."
    return Finding(ABOUT_MX, Light.AMBER, words + said, domain, records, mend)


def _is_about_us(reply: str) -> bool:
    """A server that asks to come back, or that distrusts this machine, says nothing about the address."""
    if _NOT_ITS_OWN.search(reply):
        return False
    return bool(_ABOUT_US.search(reply) or (reply.startswith("4") and _LATER.search(reply)))


def _mend(domain: str, offered: Offered) -> str:
    if offered.reaction is Reaction.SENDER_REFUSED:
        return "Let that server take mail with an empty sender (MAIL FROM:<>): bounces have no other."
    if _NOT_ITS_OWN.search(offered.reply):
        return (
            f"Tell that server that mail for {domain} is its own. In Postfix: name {domain} in "
            "virtual_mailbox_domains, or in relay_domains if it passes the mail on."
        )
    return (
        f"Let that server take every address at {domain}, also with a plus sign. In Postfix: recipient_delimiter = +, "
        f"and a line for bounce@{domain}, or for all of @{domain}, in virtual_mailbox_maps."
    )
