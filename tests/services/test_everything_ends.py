"""A year passes over one row in every state of everything: nothing personal is left, whatever happened to it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared.db.figures import count_imbalance
from shared.domain.bulk import BulkState
from shared.domain.exports import ExportKind, ExportState
from shared.domain.receipts import ReceiptOutcome
from shared.domain.states import CampaignState, HoldReason, LetterState, SubmissionState
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.bulk import delete_old_changes, work_on_changes
from shared.services.campaigns import change_campaign_state
from shared.services.exports import delete_old_exports, make_exports
from shared.services.mailbox import delete_old_messages
from shared.services.receipts import apply_receipts
from shared.services.submissions import begin_submission
from shared.services.sweep import sweep, tidy
from shared.settings import Settings
from tests.factories import make_draft, make_supporter, write_letters
from tests.services.came_back import Post
from tests.services.test_erasure import PERSONAL

_MONTH = timedelta(days=31)
_QUOTES = "550 5.7.1 mail from jamie rivera refused"
# A letter that a worker has in hand has a lease, and its email address is not known twice.
_OF_STATE = {
    LetterState.SENDING: ", worker = 'gone', lease_until = now() + interval '10 minutes', attempt = 1",
    LetterState.HELD: ", hold_reason = 'abuse_check', cause = 'abuse_check'",
}


def _people() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"jamie{number}@example.org"


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    return Post(engine, settings, ring)


@pytest.fixture
def everything_at_once(engine: Engine, settings: Settings, ring: Ring, post: Post) -> None:
    make_draft(engine)
    people = _people()
    _letters(engine, settings, ring, post, people)
    _submissions(engine, settings, ring, post, people)
    _whatever_else(post)


def _letters(engine: Engine, settings: Settings, ring: Ring, post: Post, people: Iterator[str]) -> None:
    def write() -> int:
        write_letters(engine, ring, settings, next(people))
        return int(post.ask("SELECT max(id) FROM submission")[0][0])

    for state in LetterState:
        number = write()
        more = _OF_STATE.get(state, "")
        post.change(
            f"UPDATE letter SET state = '{state}', remote_reply = :said{more} WHERE submission_id = :id",
            said=_QUOTES,
            id=number,
        )
        number = write()
        more = _OF_STATE.get(state, "") if state is LetterState.SENDING else ""
        post.change("UPDATE letter SET state = 'sent', sent_at = now() WHERE submission_id = :id", id=number)
        post.change(
            f"UPDATE follow_up SET state = '{state}', remote_reply = :said{more} WHERE submission_id = :id",
            said=_QUOTES,
            id=number,
        )
    for reason in HoldReason:
        post.change(
            "UPDATE letter SET state = 'held', hold_reason = :reason WHERE submission_id = :id",
            reason=reason.value,
            id=write(),
        )
    # Tried again and again, in a campaign that nobody resumes.
    post.change("UPDATE letter SET state = 'deferred', tries = 3 WHERE submission_id = :id", id=write())
    post.change("UPDATE letter_event SET remote_reply = :said", said=_QUOTES)
    post.change("UPDATE submission SET erase_requested_at = now() WHERE id = :id", id=write())


def _submissions(engine: Engine, settings: Settings, ring: Ring, post: Post, people: Iterator[str]) -> None:
    for state in SubmissionState:
        for accepts in (True, False):
            token = begin_submission(engine, ring, settings, "co-ops", make_supporter(next(people)))
            if accepts:
                accept_submission(engine, ring, settings, token, own_words="I am Jamie.")
            # Nobody looks it up, or makes its letters, in the whole year.
            post.change(
                f"UPDATE submission SET state = '{state}', due_at = now() + interval '9 years',"
                " lease_until = now() + interval '9 years' WHERE token = :token",
                token=token,
            )


def _whatever_else(post: Post) -> None:
    for number, outcome in enumerate(ReceiptOutcome):
        post.change(
            "INSERT INTO receipt (source, event_id, raw, envelope_sender, outcome) VALUES ('mail', :id,"
            " convert_to('From: Jamie Rivera', 'UTF8'), 'jamie@example.org', :outcome)",
            id=str(number),
            outcome=outcome.value,
        )
    for state in ExportState:
        post.change(
            "WITH made AS (INSERT INTO export (campaign_id, kind, state, asked_by, expires_at, ended_at, crash_count)"
            " VALUES (1, :kind, :state, 'o@example.org', now() + interval '1 day', now(), 9) RETURNING id)"
            " INSERT INTO export_piece (export_id, number, ids, data) SELECT id, 1, '{1}',"
            " convert_to('Jamie Rivera', 'UTF8') FROM made",
            kind=ExportKind.SUPPORTERS.value,
            state=state.value,
        )
    for change in BulkState:
        post.change(
            "WITH made AS (INSERT INTO bulk_change (campaign_id, action, state, actor, title, undo_until)"
            " VALUES (1, 'retry', :state, 'organizer:1', 'Letters', now()) RETURNING id) INSERT INTO bulk_letter"
            """ (bulk_id, letter_id, before) SELECT id, 1, '{"note": "Jamie Rivera"}' FROM made""",
            state=change.value,
        )
    post.change(
        "INSERT INTO mailbox_message (recipient, raw) VALUES ('jamie@example.org', convert_to('Jamie', 'UTF8'))"
    )


def _month_passes(engine: Engine) -> None:
    """All times of all tables, but for those of the installation: sweeps have run all the time."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        columns = connection.execute(
            text(
                "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
                " JOIN information_schema.tables USING (table_schema, table_name) WHERE table_type = 'BASE TABLE'"
                " AND table_schema = current_schema() AND data_type = 'timestamp with time zone'"
                " AND table_name <> 'installation' GROUP BY table_name"
            )
        ).all()
        for table, names in columns:
            moved = ", ".join(f'"{name}" = "{name}" - :month' for name in names)
            connection.execute(text(f'UPDATE "{table}" SET {moved}'), {"month": _MONTH})


def _words_left(engine: Engine) -> str:
    """All rows of all tables, with what stands in bytes."""
    with engine.connect() as connection:
        assert count_imbalance(connection) == 0
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).all()
        words = "".join(
            str(connection.scalar(text(f"SELECT coalesce(string_agg(one::text, ''), '') FROM \"{name}\" AS one")))
            for name in tables
        )
        for table, column in (("receipt", "raw"), ("export_piece", "data"), ("mailbox_message", "raw")):
            words += str(connection.scalar(text(f"SELECT string_agg(encode({column}, 'escape'), '') FROM {table}")))
    return words.lower()


@pytest.fixture
def work(engine: Engine, settings: Settings, ring: Ring) -> Callable[[], None]:
    """What workers do by themselves, but for mail: it finds no server all year."""

    def run() -> None:
        sweep(engine, ring, settings)
        apply_receipts(engine, ring, settings)
        work_on_changes(engine, ring, settings)
        make_exports(engine, ring, settings)
        tidy(engine, settings)
        for delete in (delete_old_messages, delete_old_exports, delete_old_changes):
            delete(engine)

    return run


@pytest.mark.parametrize("is_paused", [False, True])
@pytest.mark.usefixtures("everything_at_once")
def test_after_a_year_nothing_personal_is_left(
    engine: Engine, work: Callable[[], None], post: Post, is_paused: bool
) -> None:
    if is_paused:
        for state in (CampaignState.LIVE, CampaignState.PAUSED):
            change_campaign_state(engine, "co-ops", state, actor="test")
    assert all(word in _words_left(engine) for word in PERSONAL)
    for _ in range(12):
        _month_passes(engine)
        work()
    assert [word for word in PERSONAL if word in _words_left(engine)] == []
    waiting = "('held', 'queued', 'deferred', 'sending', 'uncertain')"
    assert post.ask(f"SELECT state FROM letter WHERE state IN {waiting}") == []
