"""A domain that is new, or on trial, gets its letters over few connections, however many workers begin at once."""

import threading

import pytest
from sqlalchemy import Connection, Engine, text

from shared.db.claims import claim_letters
from shared.db.delivery_connections import open_connection
from shared.db.pace import _USABLE, find_domain
from shared.domain.pace import Pace
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from tests.services.filters import Office, write
from tests.waiting import wait_until

_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def claim(connection: Connection, worker: str) -> int:
    """As a worker claims: how many letters it got."""
    domain = find_domain(connection, [Transport.RELAY], LetterState.QUEUED)
    if domain is None:
        return 0
    rows = claim_letters(connection, domain, LetterState.QUEUED, worker=worker, lease_s=900.0, limit=1)
    open_connection(connection, worker, Transport.RELAY)
    return len(rows)


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(_WAITS).scalar_one())


@pytest.mark.parametrize(
    ("allowance", "seconds_per_letter", "expected"), [(300, 0.0, 1), (300, 15.0, 3), (1, 15.0, 3), (None, 0.0, 4)]
)
def test_workers_that_claim_at_once_open_no_more_connections(
    office: Office, allowance: int | None, seconds_per_letter: float, expected: int
) -> None:
    write(office, 40)
    office.post.change(
        "UPDATE domain_pace SET allowance = :allowance, seconds_per_letter = :seconds, connections = 4",
        allowance=allowance,
        seconds=seconds_per_letter,
    )
    claimed: list[int] = []

    def work(name: str) -> None:
        with office.engine.begin() as connection:
            claimed.append(claim(connection, name))

    with office.engine.begin() as first:
        claimed.append(claim(first, "0"))
        others = [threading.Thread(target=work, args=(str(number),)) for number in range(1, 5)]
        for one in others:
            one.start()
        wait_until(lambda: waiting(office.engine) == len(others), 20, "four claims that wait for the first one")
    for one in others:
        one.join()
    assert sum(claimed) == expected


def test_the_database_and_the_worker_agree_on_how_many_connections_a_domain_gets(engine: Engine) -> None:
    """A claim that the statement offers and the worker refuses would be offered again."""
    ask = text(
        f"""
        SELECT {_USABLE}
        FROM (
            SELECT CAST(:connections AS int) AS connections, CAST(:seconds AS float8) AS seconds_per_letter,
                CAST(:allowance AS int) AS allowance
        ) AS p
        """
    )
    with engine.connect() as connection:
        for allowance in (None, 0, 1, 300):
            for connections in (1, 5, 128):
                for seconds in (0.0, 0.1, 5.999999, 6.0, 6.000001, 12.0, 17.9, 18.0, 600.0, 1e6):
                    values = {"connections": connections, "seconds": seconds, "allowance": allowance}
                    pace = Pace(connections=connections, seconds_per_letter=seconds, allowance=allowance)
                    assert connection.scalar(ask, values) == pace.usable_connections, values
