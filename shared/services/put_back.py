"""Puts letters back where they were before an organizer changed them, or changed their office.

What was learned meanwhile is kept: an address that fails, another holder, a supporter who was erased.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import IntegrityError

from shared.db import follow_ups, letter_revisions, letters, pace
from shared.db.office_changes import lock_office
from shared.db.tables.letters import ONE_PER_OFFICE
from shared.domain.states import CLAIMABLE, LetterState
from shared.services.letter_fit import HELD, LEAVES, follow_holders, tell_new_holder

_BATCH = 200


def put_letter_back(connection: Connection, row: RowMapping, before: Mapping[str, Any], *, actor: str) -> bool:
    """A locked letter is as it was, `before` being its columns; then it follows its office as it is today.

    False when its supporter was erased, or has written to the office again.
    """
    if letters.is_erased(connection, row):
        return False
    state, values = LetterState(before["state"]), {name: before[name] for name in before if name != "state"}
    try:
        with connection.begin_nested():
            if state.value == row["state"]:
                letters.hurry(connection, row, values, actor=actor)
            else:
                letters.put_back(connection, row, state, actor=actor, values=values)
    except IntegrityError as error:
        if ONE_PER_OFFICE not in str(error.orig):
            raise
        return False
    if state in CLAIMABLE:
        pace.add_domains(connection, [(row["transport"], before["receiving_domain"])])
        follow_holders(connection, [row["id"]])
    return True


def put_letters_back(engine: Engine, office_id: int, change_id: int, *, actor: str) -> Counter[str]:
    """Letters that followed an office's change, now undone, to which nothing has happened since; where they are now."""
    found: Counter[str] = Counter()
    last = 0
    while True:
        with engine.begin() as connection:
            lock_office(connection, office_id)
            revisions = letter_revisions.revised_letters(connection, change_id, last, _BATCH)
            rows = letters.lock_letters(connection, [one["letter_id"] for one in revisions])
            for revision in revisions:
                row = rows[revision["letter_id"]]
                before = letter_revisions.before_of(revision, row)
                if before and put_letter_back(connection, row, before, actor=actor):
                    found[_tell(connection, row, revision["id"])] += 1
        if len(revisions) < _BATCH:
            return found
        last = revisions[-1]["letter_id"]


def _tell(connection: Connection, row: RowMapping, revision: int) -> str:
    """Who was told of the other holder hears of this one too; where the letter is now."""
    if follow_ups.was_told_of_holder(connection, row["submission_id"], revision):
        again = letter_revisions.keep_revision(connection, row, None)
        if again is not None:
            tell_new_holder(connection, row, again)
    now = letters.lock_letter(connection, row["id"])
    return LEAVES if now and now["state"] in CLAIMABLE else HELD
