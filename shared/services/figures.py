"""The figures for whoever asks: counted at most every few seconds, by one process, for all of them."""

import time

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db import figures as rows
from shared.db.figures import Snapshot
from shared.domain.figures import Figures
from shared.services.outbox import open_transports
from shared.settings import Settings

_LOG = structlog.get_logger()
# Counting is repeated only after so many times what it took: never more than a twentieth of one connection.
_REST = 20
# A count that took longer than this is left to the sweepers by whoever has a page to show,
_QUICK_S = 0.05
# until it is so old that there can't be any.
_SWEEPERS_ARE_AWAY_S = 60.0


def current_figures(engine: Engine, settings: Settings, *, for_page: bool = False) -> Figures:
    """The newest count, renewed when it is older than `timing.snapshot` seconds and nobody else is at it.

    While counting fails the last count stays, and grows old where everybody sees it. With `for_page` nobody is kept
    waiting for a count that takes its time.
    """
    with engine.connect() as connection:
        known = rows.read_snapshot(connection)
    if known is not None and known.age_s < _lasts_s(known, settings, for_page=for_page):
        return known.figures
    try:
        with engine.begin() as connection:
            return _count(connection, settings, known) if rows.take_turn(connection) or known is None else known.figures
    except SQLAlchemyError as error:
        if known is None:
            raise
        _LOG.error("figures.failed", error=type(error).__name__)
        return known.figures


def tell_imbalance(figures: Figures) -> None:
    """Logs the alarm; silence when every promised letter is there."""
    if figures.imbalance:
        wrong = {number: one.imbalance for number, one in figures.campaigns.items() if one.imbalance}
        _LOG.error("letters.unbalanced", letters=figures.imbalance, missing_by_campaign=wrong)


def _lasts_s(known: Snapshot, settings: Settings, *, for_page: bool) -> float:
    rest = max(settings.timing.snapshot, _REST * known.took_s)
    return max(rest, _SWEEPERS_ARE_AWAY_S) if for_page and known.took_s > _QUICK_S else rest


def _count(connection: Connection, settings: Settings, known: Snapshot | None) -> Figures:
    began = time.monotonic()
    figures = rows.count_figures(connection, open_transports(settings))
    rows.write_snapshot(connection, figures, time.monotonic() - began)
    if known is None or figures.imbalance != known.figures.imbalance:
        tell_imbalance(figures)
    return figures
