"""Claims and the expiry stay on their indexes, and letters of an older version get an end."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from shared.db import claims, expiring, pace
from shared.db.engine import make_engine
from shared.db.upgrade import alembic_config, upgrade
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from tests.plans import read_plan

_WHERE = {"transport": Transport.MAILBOX.value, "receiving_domain": "practice.example", "limit": 20}
_SINGLE = {"transports": ["mailbox"], "burst_share": 0.1, "dead_after_s": 30.0}
_HELD = {"limit": 100, "ahead": None}
_BEFORE = "0025"


@pytest.mark.parametrize("lane", pace.LANES)
def test_claims_read_the_index_of_claimable_letters(engine: Engine, lane: LetterState) -> None:
    for statement, values in ((claims._CANDIDATES_OF[lane], _WHERE), (pace._FIND_FREE[lane], _SINGLE)):
        found = read_plan(engine, statement, values)
        assert "ix_letter_claimable" in found
        assert "ix_letter_deliver_by" not in found


def test_the_expiry_reads_indexes_of_what_waits(engine: Engine) -> None:
    assert "ix_letter_deliver_by" in read_plan(engine, expiring._EXPIRE_OVERDUE.text, {"limit": 500})
    assert "ix_letter_worn_out" in read_plan(engine, expiring._EXPIRE_WORN_OUT.text, {"limit": 500})
    held = read_plan(engine, expiring._OVERHELD.text, _HELD)
    assert "ix_letter_changed" in held or "ix_letter_campaign_state" in held


@pytest.fixture
def older(postgres_url: str) -> Iterator[Engine]:
    """A database of the version before, with letters that waited in it."""
    address = make_url(postgres_url)
    admin = make_engine(postgres_url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE older"))
    made = make_engine(address.set(database="older").render_as_string(hide_password=False))
    with made.connect() as connection:
        command.upgrade(alembic_config(connection), _BEFORE)
        connection.commit()
    yield made
    made.dispose()
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE older"))
    admin.dispose()


def test_letters_of_an_older_version_keep_their_end_or_get_one(older: Engine) -> None:
    with older.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(
                "INSERT INTO letter (submission_id, campaign_id, office_id, state, deliver_by, is_test, transport,"
                " subject, email_hash, recipient_title, recipient_name, district, from_name, reply_to, body,"
                " recipient_email, receiving_domain, message_id)"
                " SELECT n, 1, 1, state, CASE WHEN n % 2 = 0 THEN timestamptz '2030-01-01' END, false, 'relay', '',"
                " 'h' || n, '', '', '', '', '', '', '', '', '' FROM unnest(ARRAY['queued', 'queued', 'held', 'held',"
                " 'deferred', 'sent']) WITH ORDINALITY AS one(state, n)"
            )
        )
    upgrade(older)
    with older.connect() as connection:
        rows = connection.execute(
            text("SELECT id % 2 = 0, deliver_by = timestamptz '2030-01-01', deliver_by > now() FROM letter")
        ).all()
        plans = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert len(rows) == 6
    assert all(kept == had and is_later for had, kept, is_later in rows)
    assert plans > _BEFORE
