"""What changes of many letters are called: which letters, what is asked, what was done."""

from shared.domain.attention import noun
from shared.domain.bulk import BulkAction
from shared.domain.letter_filter import LetterFilter
from shared.domain.letter_words import STATE_WORDS
from shared.domain.problems import PROBLEM_WORDS

# Before the number of letters, and on the button.
ASKS: dict[BulkAction, tuple[str, str]] = {
    BulkAction.RETRY: ("Send", "again"),
    BulkAction.SECOND: ("Send", "to the second address"),
    BulkAction.RELEASE: ("Release", ""),
    BulkAction.CANCEL: ("Cancel", ""),
    BulkAction.SETTLE: ("Mark", "as dealt with"),
}
DOES: dict[BulkAction, str] = {
    BulkAction.RETRY: "Each is queued again, to the address that its office has today.",
    BulkAction.SECOND: "Each is queued again, to its office’s second address. Other letters are not concerned.",
    BulkAction.RELEASE: "Each is queued. Those that wait for their office are written for who holds it today.",
    BulkAction.CANCEL: "They are not sent. Nobody is told by email. You can queue them again later with Retry.",
    BulkAction.SETTLE: "They stay as they are and need no attention any more, until something happens to them.",
}
DONE: dict[BulkAction, str] = {
    BulkAction.RETRY: "queued again",
    BulkAction.SECOND: "queued to the second address",
    BulkAction.RELEASE: "released",
    BulkAction.CANCEL: "cancelled",
    BulkAction.SETTLE: "marked as dealt with",
}


def choice_words(wanted: LetterFilter, ticked: int, office: str) -> str:
    """Which letters these are, without naming anybody who wrote: a search is not repeated."""
    if ticked:
        return noun(ticked, "ticked letter")
    kinds = {True: "Test letters", False: "Real letters", None: ""}
    parts = [
        PROBLEM_WORDS[wanted.problem] if wanted.problem else "Need attention" if wanted.needs else "",
        STATE_WORDS[wanted.state] if wanted.state else "",
        office,
        wanted.domain,
        kinds[wanted.test],
        "those that a search found" if wanted.search else "",
    ]
    return " · ".join(part for part in parts if part) or "All letters"
