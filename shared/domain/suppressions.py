"""Why an address gets nothing more from us."""

from enum import StrEnum


class SuppressionReason(StrEnum):
    """`unsubscribed` by its owner, who may take it back; the others by what came back from there."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
