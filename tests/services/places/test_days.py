"""In the evening of November 30 in Boston it is December 1 in UTC; what is written down is Boston's day."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared.services.imports import districts, legislators
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from tests.services.places import files

EVENING = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
BOSTON = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (districts, legislators):
        monkeypatch.setattr(module, "now", lambda: EVENING)


def test_a_holder_holds_the_seat_from_the_states_day_on(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Ada West", "1st Essex")]
    import_legislators(engine, files.write_csv(tmp_path / "a.csv", files.ROSTER_COLUMNS, people), "ma")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT valid_from FROM office_holder")) == BOSTON


def test_a_plan_is_in_force_from_the_states_day_on(engine: Engine, tmp_path: Path) -> None:
    import_districts(engine, files.write_districts(tmp_path / "a.geojson", ["1st Essex"]), "ma")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT DISTINCT valid_from FROM district")) == BOSTON
