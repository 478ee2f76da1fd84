"""Enhanced status codes (RFC 3463) that mean something else than their first digit says, or say it better."""

from enum import StrEnum

from shared.domain.causes import Cause


class Meaning(StrEnum):
    """What a refusal with such a code is: for good, for now, or not about the letter at all but about us."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    OURS = "ours"


STATUS_CODES: dict[str, tuple[Meaning, Cause]] = {
    "5.1.1": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.1.2": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.1.10": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.2.2": (Meaning.TEMPORARY, Cause.MAILBOX_FULL),
    "4.2.2": (Meaning.TEMPORARY, Cause.MAILBOX_FULL),
    "5.3.4": (Meaning.PERMANENT, Cause.TOO_LARGE),
    "5.7.26": (Meaning.OURS, Cause.OUR_DNS),
    "5.7.515": (Meaning.OURS, Cause.OUR_DNS),
}


def read_status(status: str) -> tuple[Meaning, Cause]:
    """What an enhanced code means; one that the table lacks, by its first digit. Empty counts as permanent."""
    if status in STATUS_CODES:
        return STATUS_CODES[status]
    return (Meaning.TEMPORARY, Cause.TEMPORARY) if status.startswith("4") else (Meaning.PERMANENT, Cause.REFUSED)
