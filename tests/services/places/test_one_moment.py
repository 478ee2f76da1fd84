"""A directory that is read while imports commit is of one moment."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.db import directory as store
from shared.domain.places import Chamber
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.lookup import directory as loaded
from shared.services.lookup.directory import Directory, load_directory
from tests.services.places import files

WEST_HOME = (42.1, -71.58)


def members_for(directory: Directory, lat: float, lon: float) -> set[str]:
    """Who represents this point."""
    places = directory.index.near(lat, lon, 10.0, [Chamber.LOWER])
    return {seat.holder for ocd_id in places[Chamber.LOWER].ocd_ids for seat in directory.offices[ocd_id]}


def test_shapes_and_offices_are_of_one_moment(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new plan swaps the names of two districts; their members move along. Ada has the west before and after."""
    old = files.write_districts(tmp_path / "old.geojson", ["1st Essex", "2nd Essex"])
    new = files.write_districts(tmp_path / "new.geojson", ["2nd Essex", "1st Essex"])
    before = [files.person(1, "Ada West", "1st Essex"), files.person(2, "Bo East", "2nd Essex")]
    after = [files.person(2, "Bo East", "1st Essex"), files.person(1, "Ada West", "2nd Essex")]
    import_districts(engine, old, "ma")
    import_legislators(engine, files.write_csv(tmp_path / "a.csv", files.ROSTER_COLUMNS, before), "ma")
    real = store.current_offices

    def imports_commit_meanwhile(*args: object, **more: object) -> list[store.OfficeRow]:
        monkeypatch.setattr(store, "current_offices", real)
        import_districts(engine, new, "ma")
        import_legislators(engine, files.write_csv(tmp_path / "b.csv", files.ROSTER_COLUMNS, after), "ma")
        return real(*args, **more)  # type: ignore[arg-type]

    with engine.connect() as connection:
        assert members_for(load_directory(connection, "ma"), *WEST_HOME) == {"Ada West"}
    monkeypatch.setattr(store, "current_offices", imports_commit_meanwhile)
    with engine.connect() as connection:
        torn = load_directory(connection, "ma")
    with engine.connect() as connection:
        fresh = loaded.renewed_directory(engine, connection, "ma", store.directory_version(connection, "ma"))
    # It heals with the next batch that asks for the version ...
    assert members_for(fresh, *WEST_HOME) == {"Ada West"}
    # ... and is never wrong before.
    assert members_for(torn, *WEST_HOME) == {"Ada West"}
