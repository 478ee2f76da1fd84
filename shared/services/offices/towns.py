"""Which districts a town has addresses in, from the streets that were imported."""

import shapely
from sqlalchemy import Engine

from shared.db import office_pages
from shared.domain.places import Chamber
from shared.domain.street_names import city_key
from shared.services.lookup.directory import current_directory

_MOST_STREETS = 4_000


def districts_of_town(engine: Engine, jurisdiction: str, town: str) -> frozenset[str]:
    """OCD ids of the districts; empty for what is no town that we know."""
    key = city_key(town)
    with engine.connect() as connection:
        points = office_pages.streets_of_town(connection, jurisdiction, key, _MOST_STREETS) if key else []
        if key and not points:
            lines = shapely.from_wkb(office_pages.lines_of_town(connection, jurisdiction, key, _MOST_STREETS))
            points = [(spot.y, spot.x) for spot in shapely.point_on_surface(lines).tolist()]
        if not points:
            return frozenset()
        index = current_directory(engine, connection, jurisdiction).index
    places = (index.at(lat, lon, tuple(Chamber)) for lat, lon in points)
    return frozenset(one for place in places for ids in place.values() for one in ids)
