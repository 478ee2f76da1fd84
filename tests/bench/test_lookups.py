"""Measures lookups with own data: `make bench`. The limits are the project's promises, for an idle machine."""

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.db.upgrade import upgrade
from shared.domain.addresses import read_address
from shared.domain.places import Chamber, HomeAddress
from shared.domain.us_states import STATES
from shared.local.postgres import EmbeddedPostgres
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.lookup import look_up, open_desk
from shared.services.lookup.directory import load_directory
from shared.settings import Settings
from tests.services.places.conftest import MA, read_rows

pytestmark = pytest.mark.bench
BOTH = (Chamber.LOWER, Chamber.UPPER)
_ROUNDS = 10


@pytest.fixture(scope="module")
def massachusetts(postgres_server: EmbeddedPostgres) -> Iterator[Engine]:
    """Real districts and holders, the public addresses as points."""
    if not MA.is_dir():
        pytest.skip(f"the Massachusetts data files are not in {MA}")
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE ma_bench")
    engine = make_engine(postgres_server.url("ma_bench"))
    upgrade(engine)
    import_legislators(engine, MA / "legislators.csv", "ma")
    for chamber in ("house", "senate", "congress"):
        import_districts(engine, MA / f"{chamber}_districts.geojson.gz", "ma")
    import_addresses(engine, MA / "public_addresses.csv", "ma")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return read_rows(MA / "public_addresses.csv")


def _rate(name: str, count: int, call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    rate = count / (time.perf_counter() - started)
    print(f"\n{name}: {rate:,.0f} a second")  # noqa: T201 - figures are what this is for
    return rate


def test_addresses_read(rows: list[dict[str, str]]) -> None:
    typed = [HomeAddress(row["address"], row["city"], "MA", row["zip"]) for row in rows] * _ROUNDS
    assert _rate("addresses read", len(typed), lambda: [read_address(a, STATES["MA"]) for a in typed]) >= 20_000


def test_lookups(massachusetts: Engine, settings: Settings, rows: list[dict[str, str]]) -> None:
    typed = [HomeAddress(row["address"], row["city"], "MA", row["zip"]) for row in rows] * _ROUNDS
    with open_desk(massachusetts, settings, "ma") as desk:
        desk.find(BOTH, typed[0])
        rate = _rate("lookups over one connection", len(typed), lambda: [desk.find(BOTH, a) for a in typed])
    _rate("single lookups", len(typed), lambda: [look_up(massachusetts, settings, "ma", BOTH, a) for a in typed])
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")  # noqa: T201 - see above
    assert rate >= 2_000


def test_districts(massachusetts: Engine, rows: list[dict[str, str]]) -> None:
    with massachusetts.connect() as connection:
        index = load_directory(connection, "ma").index
    points = [(float(row["lat"]), float(row["lon"])) for row in rows] * _ROUNDS
    for lat, lon in points[: len(rows)]:
        index.at(lat, lon, BOTH)
    rate = _rate("districts of both chambers", len(points), lambda: [index.at(lat, lon, BOTH) for lat, lon in points])
    _rate("with the distance to the edge", len(points), lambda: [index.near(*p, 10.0, BOTH) for p in points])
    assert rate >= 30_000


def test_import(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    streets = [
        f"{name} {kind}"
        for name in ["Maple", "Oak", "Elm", "Pine", "Cedar", "Birch", "Main", "High"]
        for kind in ("St", "Ave")
    ]
    path = tmp_path / "points.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("LON,LAT,NUMBER,STREET,UNIT,CITY,DISTRICT,REGION,POSTCODE\n")
        for town in range(100):
            for street in streets:
                for number in range(1, 100):
                    file.write(
                        f"-71.{town:02d}{number:03d},42.{number:03d},{number},{street},,Town {town},,MA,01{town:03d}\n"
                    )
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE import_bench")
    engine = make_engine(postgres_server.url("import_bench"))
    upgrade(engine)
    count = 100 * len(streets) * 99
    assert _rate("points imported", count, lambda: import_addresses(engine, path, "ma")) >= 10_000
    engine.dispose()
