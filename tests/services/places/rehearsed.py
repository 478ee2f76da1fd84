"""A small state for rehearsals, with a vacant seat, a seat without an email address, and one address of two offices."""

from pathlib import Path

from sqlalchemy import Engine, text

from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from tests.services.places.files import NORTH, ROSTER_COLUMNS, SOUTH, person, write_csv, write_districts, write_points

HOUSE = ["1st Hampshire", "2nd Hampshire", "3rd Hampshire", "4th Hampshire"]
SENATE = ["Hampshire and Franklin", "Berkshire, Hampden, Franklin and Hampshire"]


def import_small_state(engine: Engine, folder: Path) -> None:
    """Four House and two Senate districts; the fourth House seat is vacant."""
    people = [
        person(1, "Ann Able", HOUSE[0], email="shared@house.example"),
        person(2, "Bob Baker", HOUSE[1], email="shared@house.example"),
        person(3, "Cy Carter", HOUSE[2]),
        person(5, "Dee Drew", SENATE[0], "upper", email="dee@senate.example"),
        person(6, "Eve Early", SENATE[1], "upper", email="eve@senate.example"),
    ]
    import_legislators(engine, write_csv(folder / "people.csv", ROSTER_COLUMNS, people), "ma")
    import_districts(engine, write_districts(folder / "house.geojson", HOUSE), "ma")
    import_districts(engine, write_districts(folder / "senate.geojson", SENATE, "upper"), "ma")
    middle = (SOUTH + NORTH) / 2
    points = [("12", "Maple St", "Northampton", "01060", middle, -71.59)]
    import_addresses(engine, write_points(folder / "points.csv", points), "ma")
    with engine.begin() as connection:
        connection.execute(text("UPDATE office_holder SET email = '' WHERE name = 'Cy Carter'"))
