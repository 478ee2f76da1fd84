"""What PostgreSQL would do with a statement, whatever the few rows of a test and autovacuum make it believe."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, text

from shared.db.driver import Spelled

_LARGE_AND_VACUUMED = (
    # What other tests left in tables and indexes takes pages, which the planner counts.
    "TRUNCATE letter, submission, follow_up CASCADE",
    "DELETE FROM pg_statistic",
    "UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE relkind IN ('r', 'i')",
    "UPDATE pg_class SET relallvisible = 1000000 WHERE relkind = 'r'",
)


def read_plan(
    engine: Engine,
    statement: str | Spelled,
    values: Mapping[str, Any] | None = None,
    *,
    off: Sequence[str] = ("seqscan",),
) -> str:
    """The plan for large, vacuumed tables without statistics, by means other than `off` where there are others."""
    with engine.connect() as connection:
        # All of it is taken back with this transaction.
        for one in _LARGE_AND_VACUUMED:
            connection.execute(text(one))
        for method in off:
            connection.execute(text(f"SET LOCAL enable_{method} = off"))
        if isinstance(statement, Spelled):
            explained = connection.exec_driver_sql(f"EXPLAIN {statement.text}", {**statement.fixed, **(values or {})})
        else:
            explained = connection.execute(text(f"EXPLAIN {statement}"), values or {})
        return "\n".join(explained.scalars())
