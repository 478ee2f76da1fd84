"""The Massachusetts files of the machine the project is built on; tests that want them are skipped elsewhere."""

import csv
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.db.upgrade import upgrade
from shared.local.postgres import EmbeddedPostgres
from shared.paths import ROOT
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.imports.streets import import_streets

MA = ROOT.parent / "shared" / "data" / "ma"


def read_rows(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def ma_files() -> Path:
    """The folder with the Massachusetts files."""
    if not MA.is_dir():
        pytest.skip(f"the Massachusetts data files are not in {MA}")
    return MA


def _with_directory(server: EmbeddedPostgres, files: Path, name: str) -> Engine:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    engine = make_engine(server.url(name))
    upgrade(engine)
    import_legislators(engine, files / "legislators.csv", "ma")
    for chamber in ("house", "senate", "congress"):
        import_districts(engine, files / f"{chamber}_districts.geojson.gz", "ma")
    return engine


@pytest.fixture(scope="session")
def massachusetts(postgres_server: EmbeddedPostgres, ma_files: Path) -> Iterator[Engine]:
    """Rosters, districts and the public addresses as points."""
    engine = _with_directory(postgres_server, ma_files, "ma_points")
    import_addresses(engine, ma_files / "public_addresses.csv", "ma")
    import_addresses(engine, ma_files / "address_edge_cases.csv", "ma")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def cambridge(postgres_server: EmbeddedPostgres, ma_files: Path) -> Iterator[Engine]:
    """Rosters, districts and the street ranges of one city, no points."""
    engine = _with_directory(postgres_server, ma_files, "ma_ranges")
    import_streets(engine, ma_files / "cambridge_street_ranges.geojson.gz", "ma", city="Cambridge")
    yield engine
    engine.dispose()
