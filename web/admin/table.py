"""The table of letters on the live page: filters in its address, a page of rows, and what may be done with them."""

from flask import request

from shared.domain.bulk import BulkAction
from shared.domain.campaigns import StoredCampaign
from shared.domain.letter_filter import LetterFilter, read_filter
from shared.domain.problems import PROBLEM_WORDS
from shared.domain.states import LetterState
from shared.domain.table_keys import parse_key
from shared.services.dashboard import LiveCounts
from shared.services.letters_table import count_fitting, list_letters, most_counted, office_words
from web.context import here

# The order of the pipeline bar: from arrived to trouble.
PIPELINE = (
    LetterState.DELIVERED,
    LetterState.SENT,
    LetterState.SENDING,
    LetterState.QUEUED,
    LetterState.DEFERRED,
    LetterState.HELD,
    LetterState.UNCERTAIN,
    LetterState.UNCONFIRMED,
    LetterState.BOUNCED,
    LetterState.REJECTED,
    LetterState.EXPIRED,
    LetterState.QUARANTINED,
    LetterState.CANCELLED,
)
_ALWAYS = (LetterState.QUEUED, LetterState.SENDING, LetterState.SENT, LetterState.DELIVERED, LetterState.BOUNCED)
# What the buttons above the table say.
ACTION_WORDS: dict[BulkAction, str] = {
    BulkAction.RETRY: "Retry",
    BulkAction.CANCEL: "Cancel",
    BulkAction.SECOND: "Use second address",
    BulkAction.RELEASE: "Release",
    BulkAction.SETTLE: "Dealt with",
}


def shown_states(counts: LiveCounts) -> list[LetterState]:
    """The common states, and each other one that a letter is in."""
    return [state for state in PIPELINE if counts.by_state[state] or state in _ALWAYS]


def table_values(stored: StoredCampaign, counts: LiveCounts) -> dict[str, object]:
    """What the table shows for the address that was asked for."""
    chosen = read_filter(request.args.to_dict())
    before, after = (parse_key(request.args.get(name, "")) for name in ("before", "after"))
    return {
        "letters": list_letters(here().engine, stored.id, chosen, before=before, after=after),
        "chosen": chosen,
        "total": _total(stored, chosen, counts),
        "most": most_counted(chosen) - 1,
        "office": office_words(here().engine, chosen.office) if chosen.office else "",
        "chips": [one for one in PIPELINE if one in shown_states(counts) or one is chosen.state],
        "problem_words": PROBLEM_WORDS,
        "action_words": ACTION_WORDS,
    }


def _total(stored: StoredCampaign, chosen: LetterFilter, counts: LiveCounts) -> int | None:
    """How many letters fit; None where counting them would take too long."""
    if chosen.is_plain:
        if chosen.search:
            return None
        return counts.by_state[chosen.state] if chosen.state else counts.letters
    return count_fitting(here().engine, stored.id, chosen)
