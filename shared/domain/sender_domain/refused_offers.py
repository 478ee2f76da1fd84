"""What a refused bounce is about: its address, its empty sender, relaying, or nothing that concerns our domain."""

import re
from enum import StrEnum

from shared.domain.causes import Cause
from shared.domain.refusals import read_refusal
from shared.domain.status_codes import status_of_reply


class Fault(StrEnum):
    """What the server has to change."""

    ADDRESS = "address"
    EMPTY_SENDER = "empty sender"
    RELAYING = "relaying"
    SIGN_IN = "sign-in"
    # It distrusts this machine, or has a trouble of its own for now.
    NOT_OURS = "not ours"


_FAULTS = {
    Cause.NO_SUCH_ADDRESS: Fault.ADDRESS,
    Cause.REFUSED: Fault.ADDRESS,
    Cause.GAVE_UP: Fault.ADDRESS,
    Cause.RELAY_REFUSED: Fault.RELAYING,
    Cause.AUTHENTICATION: Fault.SIGN_IN,
}
# Servers repeat the address and name themselves. Such names may contain any word.
_QUOTED = re.compile(r"<[^>]*>")
_RELAYING = re.compile(r"\brelaying\b", re.IGNORECASE)
# Postfix quotes the empty sender whose restriction refused the mail.
_EMPTY_SENDER = re.compile(
    r"<>|\b(?:null|empty|blank|missing|no|without an?) (?:envelope )?(?:senders?|return[ -]?path|reverse[ -]?path)\b",
    re.IGNORECASE,
)
_BAD_SENDER = ("5.1.7", "5.1.8")


def read_fault(reply: str, *, recipient: str, host: str) -> Fault:
    """What the `reply` of `host` to a bounce without a message for `recipient` is about.

    A reply other than 5xx is about nothing of ours, except that a domain which the server does not know as its own may
    get a 4xx. Words about a letter's content are about this machine, because there is no letter.
    """
    status = status_of_reply(reply)
    text = _without_names(reply, recipient, host)
    cause = read_refusal(text, status=status).cause
    if cause is Cause.RELAY_REFUSED or (cause is not Cause.OUR_REPUTATION and _RELAYING.search(text)):
        return Fault.RELAYING
    if not reply.startswith("5"):
        return Fault.NOT_OURS
    if _EMPTY_SENDER.search(reply) or status in _BAD_SENDER:
        return Fault.EMPTY_SENDER
    return _FAULTS.get(cause, Fault.NOT_OURS)


def _without_names(reply: str, recipient: str, host: str) -> str:
    """The reply without quoted addresses, and without the names of the server's and our own organization."""
    text = _QUOTED.sub(" ", reply)
    if recipient:
        text = re.sub(re.escape(recipient), " ", text, flags=re.IGNORECASE)
    for name in (recipient.rpartition("@")[2], host):
        if "." in name:
            organization = re.escape(".".join(name.rstrip(".").split(".")[-2:]))
            text = re.sub(rf"[\w.-]*\b{organization}\b", " ", text, flags=re.IGNORECASE)
    return text
