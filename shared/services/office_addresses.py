"""Email addresses of offices that fail.

A failing address gets no more letters: those that wait go to the office's second address, or are held until somebody
corrects it (`shared/services/offices/`). Nothing is dropped.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import letter_revisions, letters, office_addresses, office_changes, pace
from shared.domain.causes import Cause
from shared.domain.refusals import read_refusal
from shared.domain.states import FAILED, HoldReason, LetterState
from shared.domain.status_codes import status_of_reply
from shared.providers.smtp import is_deliverable
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_fit import make_waiting

_LOG = structlog.get_logger()


def address_failed(connection: Connection, row: RowMapping, cause: Cause) -> None:
    """The office's address of this locked letter fails: kept in mind, and its waiting letters take another way.

    If that was known, a campaign has tried the address again: its letters that still wait are held again.
    """
    if row["office_holder_id"] is None:
        return
    is_news = office_addresses.mark_failed(connection, row["office_holder_id"], row["recipient_email"], cause)
    if is_news:
        _LOG.error("office.address_failing", office_id=row["office_id"], cause=cause.value)
    waiting = letters.lock_waiting_for(connection, row["office_holder_id"], row["recipient_email"])
    if not is_news:
        waiting = [letter for letter in waiting if letter["campaign_id"] == row["campaign_id"]]
    change_id = office_changes.last_change(connection, row["office_id"])
    for letter in waiting:
        values = _new_address(connection, letter)
        if values:
            letters.readdress(connection, letter, values, Cause.READDRESSED)
        else:
            letters.change_letter(
                connection,
                letter,
                LetterState.HELD,
                cause=Cause.ADDRESS_FAILING,
                values={"hold_reason": HoldReason.ADDRESS_FAILING.value},
            )
        if change_id is not None:
            # Undoing the change that brought them to this address brings them back from here too.
            letter_revisions.keep_revision(connection, letter, change_id)


def address_refused(connection: Connection, row: RowMapping, *, is_certain: bool) -> None:
    """A server does not know the address of this locked letter: proof, or half of one that two letters make."""
    if is_certain or letters.was_refused_before(connection, row):
        address_failed(connection, row, Cause.NO_SUCH_ADDRESS)


def refuse_addresses(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """What was just recorded of letters: whose address their server does not know takes the office's other one."""
    refused = [row["id"] for row in rows if row["cause"] == Cause.NO_SUCH_ADDRESS and row["state"] in FAILED]
    for number in sorted(refused):
        letter = letters.lock_letter(connection, number)
        if letter is not None:
            reply = letter["remote_reply"]
            is_certain = read_refusal(reply, status=status_of_reply(reply)).is_certain
            is_certain = is_certain or not is_deliverable(letter["recipient_email"])
            address_refused(connection, letter, is_certain=is_certain)
    try_second_address(connection, refused)


def try_second_address(connection: Connection, letter_ids: Sequence[int]) -> None:
    """Queues failed letters once more where their office has another address that works."""
    for number in letter_ids:
        letter = letters.lock_letter(connection, number)
        if letter is None or letters.is_erased(connection, letter):
            continue
        if values := _new_address(connection, letter):
            make_waiting(connection, letter, LetterState.QUEUED, values={**values, "tries": 0})


def try_failing_addresses(engine: Engine, ring: Ring) -> int:
    """A person thinks that it was the mail server: all addresses count as working again; how many letters leave."""
    with engine.begin() as connection:
        released = release_letters(connection, office_addresses.forget_failures(connection))
    ring.ring(TaskName.DELIVER_LETTERS)
    return released


def release_letters(connection: Connection, holder_ids: Sequence[int]) -> int:
    """Queues what was held for a failing address, where there is one that works now; returns how many."""
    released = 0
    for letter in letters.lock_held_for(connection, holder_ids, HoldReason.ADDRESS_FAILING):
        values = _new_address(connection, letter)
        if values:
            make_waiting(connection, letter, LetterState.QUEUED, values={**values, "hold_reason": None})
            released += 1
    return released


def goes_to(connection: Connection, letter: RowMapping, address: str) -> dict[str, object]:
    """What a letter's row says when it goes to this address from now on."""
    domain = address.rpartition("@")[2].lower()
    pace.add_domains(connection, [(letter["transport"], domain)])
    return {"recipient_email": address, "receiving_domain": domain}


def _new_address(connection: Connection, letter: RowMapping) -> dict[str, object]:
    """Where the letter goes from now on; empty when the office has no other address that works."""
    address = office_addresses.working_address(connection, letter["office_holder_id"])
    if not address or (
        address.lower() == letter["recipient_email"].lower() and letter["state"] != LetterState.HELD.value
    ):
        return {}
    return goes_to(connection, letter, address)
