"""The pictures on a campaign's live page, their own slower polls, and the table of all districts."""

from collections.abc import Callable
from string import digits

from flask import render_template, request
from markupsafe import Markup

from shared.domain.campaigns import StoredCampaign
from shared.domain.integers import parse_integer
from shared.domain.permissions import Permission
from shared.domain.places import Chamber
from shared.domain.tallies import Span
from shared.rendering.state_map import UNITS
from shared.rendering.state_svg import places_svg
from shared.services.campaigns import read_campaign
from shared.services.pictures import (
    Counted,
    read_chart,
    read_counted,
    read_districts,
    read_flow,
    read_health,
    silent_districts,
)
from shared.services.pictures.districts import chamber_choices
from web.admin import bp
from web.admin.guard import may_open, needs
from web.context import here


def pictures_of(stored: StoredCampaign) -> Markup:
    """All pictures for the live page, as its address asks for them."""
    return _kept("pictures", stored, lambda counted: {**_flow_values(counted), **_map_values(counted)})


@bp.get("/campaigns/<slug>/flow")
@needs(Permission.SEE_CAMPAIGN)
def live_flow(slug: str) -> str:
    """Letters over time and how sending is, which change by themselves."""
    return _kept("flow", read_campaign(here().engine, slug), _flow_values)


@bp.get("/campaigns/<slug>/map")
@needs(Permission.SEE_CAMPAIGN)
def live_map(slug: str) -> str:
    """The map's shades and words, and the legislators beside it. Its shapes are on the page already."""
    return _kept(
        "map", read_campaign(here().engine, slug), lambda counted: {**_map_values(counted), "is_refresh": True}
    )


@bp.get("/campaigns/<slug>/districts")
@needs(Permission.SEE_CAMPAIGN)
def districts(slug: str) -> str:
    """The table beside the map: every district of a chamber, or those without a letter."""
    stored = read_campaign(here().engine, slug)
    choices = chamber_choices(stored)
    wanted = _chamber()
    chosen = next((one for one in choices if one.chamber is wanted), choices[0])
    lines = read_districts(here().engine, _counted(stored), chosen.chamber)
    silent = sorted(silent_districts(lines), key=lambda seats: _natural(seats[0].district))
    return render_template(
        "admin/districts.html", stored=stored, choices=choices, chosen=chosen, lines=lines, silent=silent
    )


def _kept(part: str, stored: StoredCampaign, values: Callable[[Counted], dict[str, object]]) -> Markup:
    """Many pages of the table and many organizers within a moment are shown the same pictures."""

    def make() -> str:
        return render_template(f"admin/_{part}.html", stored=stored, **values(_counted(stored)))

    key = (part, stored.id, _span(), _chamber(), may_open("admin.delivery"))
    return here().pages.part(key, make)


def _flow_values(counted: Counted) -> dict[str, object]:
    return {
        "flow": read_flow(here().engine, counted, _span()),
        "health": read_health(here().engine, here().settings, counted),
        "spans": list(Span),
        "asked_span": _span(),
        "asked_chamber": _chamber(),
    }


def _map_values(counted: Counted) -> dict[str, object]:
    return {
        "districts": read_chart(here().engine, counted, _chamber()),
        "units": UNITS,
        "places_svg": places_svg,
        "asked_span": _span(),
    }


def _span() -> Span | None:
    typed = request.args.get("by", "")
    return Span(typed) if typed in set(Span) else None


def _counted(stored: StoredCampaign) -> Counted:
    return read_counted(here().engine, here().settings, stored)


def _chamber() -> Chamber | None:
    typed = request.args.get("chamber", "")
    return Chamber(typed) if typed in set(Chamber) else None


def _natural(name: str) -> tuple[int, str, int]:
    """`2` before `10`, and `2nd Essex` with the other ones of Essex."""
    first, _, rest = name.partition(" ")
    number = parse_integer("".join(letter for letter in first if letter in digits))
    return (1, name, 0) if number is None else (0, rest, number)
