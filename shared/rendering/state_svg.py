"""The map of a state as SVG: its outlines once, and the districts that are shaded and lead somewhere, again and again.

Written as text, because a template takes ten times as long for hundreds of districts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from shared.rendering.state_map import StateMap


@dataclass(frozen=True)
class Place:
    """A district on the map: its turn among the outlines, whether it is in the enlargement too, its class of shade.

    It says `words`, and leads to the letters of its one seat, if it has just one.
    """

    number: int
    is_enlarged: bool
    shade: int
    words: str
    office_id: int | None


def outlines_svg(drawn: StateMap) -> Markup:
    """The paths that `places_svg` shades, for `<defs>`."""
    parts = []
    for number, outline in enumerate(drawn.outlines):
        parts.append(f'<path id="d{number}" d="{outline.path}"/>')
        if outline.enlarged:
            parts.append(f'<path id="e{number}" d="{outline.enlarged}"/>')
    return Markup("".join(parts))  # noqa: S704 - numbers alone


def places_svg(places: Iterable[Place], address: str, *, enlarged: bool = False) -> Markup:
    """The districts, or their parts in the enlargement; `address` is followed by the number of an office.

    Too small to press and too many to tab through: the same links stand in the table beside the map.
    """
    mark, before = "e" if enlarged else "d", escape(address)
    parts = []
    for place in places:
        if enlarged and not place.is_enlarged:
            continue
        inside = f'<title>{escape(place.words)}</title><use href="#{mark}{place.number}" class="z{place.shade}"/>'
        link = f'<a href="{before}{place.office_id}#letters" tabindex="-1">{inside}</a>'
        parts.append(link if place.office_id else f"<g>{inside}</g>")
    return Markup("".join(parts))  # noqa: S704 - all escaped
