"""Can bounces come back? What the mail server for our domain answered when it was offered a bounce, in plain words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from shared.domain.sender_domain.findings import Finding, Light
from shared.domain.sender_domain.refused_offers import Fault, read_fault

ABOUT_MX = "MX, for bounces and answers"
_ABOUT = "Return address for bounces"
_TAKE_EMPTY_SENDER = "Let that server take mail with an empty sender (MAIL FROM:<>): bounces have no other."


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

    @property
    def fault(self) -> Fault:
        """What a refusal is about."""
        return read_fault(self.reply, recipient=self.recipient, host=self.host)

    @property
    def is_decided(self) -> bool:
        """True if the server took the bounce, or refused it because of the address or the empty sender."""
        if self.reaction in (Reaction.RECIPIENT_REFUSED, Reaction.SENDER_REFUSED):
            return self.fault is not Fault.NOT_OURS
        return self.reaction is Reaction.ACCEPTED


# Takes the servers, best first. Sends no message, and never raises.
OfferBounce = Callable[[Sequence[MailHost]], Offered]


def check_return_address(
    domain: str, records: tuple[str, ...], hosts: Sequence[MailHost], offer: OfferBounce | None
) -> Finding:
    """`records` is the MX record; `offer` None when this installation expects no mail."""
    if offer is None:
        words = f"Bounces and answers go to {hosts[0].name}. Dear Rep isn't set up to receive mail: "
        words += "DEARREP_INBOUND_URL is empty, and dearrep inbox read hasn't run in the last 7 days. "
        return Finding(ABOUT_MX, Light.GREEN, f"{words}We didn't test the server.", domain, records)
    offered = offer(hosts)
    there = f"Bounces and answers go to {offered.host}"
    if offered.reaction is Reaction.CONNECTION_REFUSED:
        words, mend = f"{there}, which refuses connections at port 25 from here.", "Start it, or correct the MX record."
        return Finding(_ABOUT, Light.RED, words, domain, records, mend)
    said = f" It said: {offered.reply}" if offered.reply else ""
    if offered.is_decided and offered.reaction is not Reaction.ACCEPTED:
        words = f"{there}, which rejects them, so you won't see bounces.{said}"
        return Finding(_ABOUT, Light.RED, words, domain, records, _mend(domain, offered))
    private = _private_words(offered.host, hosts)
    if offered.reaction is Reaction.ACCEPTED:
        words = f"{there}, which takes mail to the return addresses of our letters.{private}"
        return Finding(ABOUT_MX, Light.AMBER if private else Light.GREEN, words, domain, records)
    if offered.reaction is Reaction.NO_CONNECTION:
        words = f"{there}. We can't test whether it takes them: its port 25 does not answer from here."
        words += " Many hosting providers block that port."
    else:
        words = f"{there}. We can't tell whether it takes them: it closed the connection or refused to talk to us."
    mend = f"Check again later, or send an email to {offered.recipient} and see whether “What comes back” shows it."
    return Finding(ABOUT_MX, Light.AMBER, f"{words}{private}{said}", domain, records, mend)


def _private_words(name: str, hosts: Sequence[MailHost]) -> str:
    """A warning about a server with an address that the rest of the world can't reach, else nothing."""
    addresses = [address for host in hosts if host.name == name for address in host.addresses]
    if all(ip_address(address).is_global for address in addresses):
        return ""
    return f" {name} has a private address here. Servers elsewhere may not reach it."


def _mend(domain: str, offered: Offered) -> str:
    match offered.fault:
        case Fault.RELAYING:
            return (
                f"Tell that server that mail for {domain} is its own. In Postfix: name {domain} in "
                "virtual_mailbox_domains, or in relay_domains if it passes the mail on."
            )
        case Fault.SIGN_IN:
            return f"Let that server take mail for {domain} without a sign-in."
        case Fault.EMPTY_SENDER:
            return _TAKE_EMPTY_SENDER
        case _ if offered.reaction is Reaction.SENDER_REFUSED:
            return _TAKE_EMPTY_SENDER
    return (
        f"Let that server take every address at {domain}, also with a plus sign. In Postfix: recipient_delimiter = +, "
        f"and a line for bounce@{domain}, or for all of @{domain}, in virtual_mailbox_maps."
    )
