"""Imports address points from a CSV file in OpenAddresses' or similar columns, as a stream of any length."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from shared.db import addresses as store
from shared.domain.addresses import Incomplete, StreetLine, read_street_line, read_zip
from shared.domain.street_names import city_key, street_key
from shared.domain.us_states import UsState, find_state, state_of
from shared.services.imports.reports import ImportReport, Progress, import_run, no_progress
from shared.services.imports.tables import Table, cell, open_table

# Six decimals are 0.1 m.
_DECIMALS = 6
_MAX_LATITUDE, _MAX_LONGITUDE = 90, 180
# OpenAddresses first, then what states and the National Address Database call them.
_NUMBERS = (
    *("number", "addr_num", "house_number", "full_number", "full_number_standardized"),
    *("address_number", "addno_full", "add_number"),
)
_STREETS = ("street", "street_name", "streetname", "stnam_full", "st_full", "full_street_name")
_TOWNS = ("municipality", "town", "geographic_town", "inc_muni")

StagedPoint = tuple[str, str, str, str, str, int, str, float, float]


def import_addresses(
    engine: Engine, path: Path, jurisdiction: str, *, source: str = "", who: str = "", progress: Progress = no_progress
) -> ImportReport:
    """Reads address points of a state; rows of other states are refused. Raises ImportRefused."""
    state = state_of(jurisdiction)
    name = source or path.name
    with import_run(engine, "addresses", state.code.lower(), name, who) as (connection, report):
        source_id = store.find_source(connection, state.code.lower(), "points", name)
        with open_table(path, progress) as table, store.stage(connection, "points") as copy:
            _read_points(table, state, report, copy.write_row)
        counts = store.merge(connection, "points", state.code.lower(), source_id)
        report.new, report.changed, report.gone = counts.new, counts.changed, counts.gone
        report.unchanged = counts.unchanged
    return report


def _read_points(table: Table, state: UsState, report: ImportReport, write: Callable[[StagedPoint], object]) -> None:
    reader = _PointReader(table, state)
    for line, row in table.rows():
        report.read += 1
        points = reader.read(row)
        if isinstance(points, str):
            report.refuse(line, points)
            continue
        for point in points:
            write(point)


class _PointReader:
    """Knows the columns of one file."""

    def __init__(self, table: Table, state: UsState) -> None:
        self._state = state
        self._lat = table.column("lat", "latitude", "y", required=True)
        self._lon = table.column("lon", "lng", "long", "longitude", "x", required=True)
        self._line = table.column("address", "full_address", "addr")
        has_line = self._line >= 0
        self._number = table.column(*_NUMBERS, required=not has_line)
        self._street = table.column(*_STREETS, required=not has_line)
        self._city = table.column("city", "community", "community_name", "post_city", "postal_city", *_TOWNS)
        self._town = table.column("district", *_TOWNS)
        self._zip = table.column("postcode", "zip", "zipcode", "zip_code", "postal_code")
        self._region = table.column("region", "state")

    def read(self, row: list[str]) -> list[StagedPoint] | str:
        """The points of a row, two for `12-14`; or why it can't be used."""
        region = cell(row, self._region)
        if region and (found := find_state(region)) is not None and found is not self._state:
            return f"in {found.code}, not in {self._state.code}"
        position = _position(cell(row, self._lat), cell(row, self._lon))
        if position is None:
            return "no coordinates in degrees"
        typed = f"{cell(row, self._number)} {cell(row, self._street)}"
        line = read_street_line(typed if self._street >= 0 else cell(row, self._line))
        if isinstance(line, Incomplete):
            return "no house number or street"
        zip5 = read_zip(cell(row, self._zip), self._state) or ""
        city = cell(row, self._city) or cell(row, self._town)
        if not (zip5 or city):
            return "neither city nor ZIP code"
        return _staged(line, city, zip5, position)


def _staged(line: StreetLine, city: str, zip5: str, position: tuple[float, float]) -> list[StagedPoint]:
    numbers = [line.number] if line.number_to is None else [line.number, line.number_to]
    key, place = street_key(line.name), city_key(city)
    return [(key, place, zip5, line.name, city, number, line.suffix, *position) for number in numbers]


def _position(lat: str, lon: str) -> tuple[float, float] | None:
    try:
        y, x = round(float(lat), _DECIMALS), round(float(lon), _DECIMALS)
    except ValueError:
        return None
    inside = abs(y) <= _MAX_LATITUDE and abs(x) <= _MAX_LONGITUDE
    return (y, x) if inside and (y, x) != (0, 0) else None
