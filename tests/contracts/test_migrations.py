"""Migrations: one line, tables as the code expects them, and none changes once an installation may have it."""

import ast
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from shared.db.engine import make_engine
from shared.db.tables import METADATA
from shared.db.upgrade import alembic_config, upgrade
from shared.paths import ROOT

VERSIONS = ROOT / "shared" / "db" / "migrations" / "versions"
PUBLISHED = Path(__file__).with_name("published_migrations.txt")


def fingerprint(path: Path) -> str:
    """Of what a migration does, whatever its words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = [ast.dump(node) for node in tree.body[1:]]
    return sha256("\n".join(body).encode()).hexdigest()[:16]


def fingerprints() -> Mapping[str, str]:
    return {path.stem: fingerprint(path) for path in sorted(VERSIONS.glob("0*.py"))}


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_migrations_make_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_published_migrations_stay_as_they_are() -> None:
    """An installation that has run one does not run it again. Change its tables in a new migration.

    Add a line for each migration of a version when the version is published.
    """
    published = dict(line.split() for line in PUBLISHED.read_text(encoding="utf-8").splitlines())
    found = fingerprints()
    assert {name: found.get(name) for name in published} == published


def test_an_installation_from_before_runs_of_refusals_upgrades(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0035")
        # An answer without its letter is enough here.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(
                """
                INSERT INTO domain_pace (transport, receiving_domain, rate_per_hour, trial, held_at)
                VALUES ('relay', 'senate.example', 50, 0, NULL), ('relay', 'house.example', 60, 4, now())
                """
            )
        )
        connection.execute(
            text(
                """
                INSERT INTO domain_answer (transport, receiving_domain, mailbox, letter_id, attempt, sent_at,
                    is_refusal, is_counted, has_no_copy, goes_back)
                VALUES ('relay', 'house.example', 'office@house.example', 1, 1, now(), true, true, true, false)
                """
            )
        )
        connection.execute(
            text(
                "INSERT INTO mailbox_pace (mailbox, taken, most)"
                " VALUES ('a@house.example', 3, 1), ('b@house.example', 3, NULL)"
            )
        )
    upgrade(engine)
    own = "SELECT receiving_domain, rate_per_hour, own_rate_per_hour FROM domain_pace ORDER BY 1"
    with engine.begin() as connection:
        assert [tuple(row) for row in connection.execute(text(own))] == [
            ("house.example", 60, 60),
            ("senate.example", 50, 50),
        ]
        assert connection.scalar(text("SELECT claimed_at IS NOT NULL FROM domain_answer"))
        held = "SELECT mailbox FROM mailbox_pace WHERE held_at = hour_began_at"
        assert connection.scalars(text(held)).all() == ["a@house.example"]
        command.downgrade(alembic_config(connection), "0035")
        assert connection.scalar(text("SELECT count(sent_at) FROM domain_answer")) == 1
    engine.dispose()
