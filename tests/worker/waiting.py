"""Waits for what a worker process does."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from shared.db.tables import letter

START_SECONDS = 60


def wait_for_sent(engine: Engine, number: int, log: Path) -> None:
    """Until so many letters are sent; fails with the end of the worker's log."""
    ends = time.monotonic() + START_SECONDS
    query = select(func.count()).where(letter.c.state == "sent")
    while time.monotonic() < ends:
        with engine.connect() as connection:
            if connection.execute(query).scalar_one() == number:
                return
        time.sleep(0.1)
    pytest.fail(f"{number} letters were not sent in time:\n{log.read_text()[-3000:]}")
