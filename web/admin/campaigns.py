"""Overview and the live page of one campaign, and its states."""

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.domain.campaigns import StoredCampaign
from shared.domain.letter_words import STATE_WORDS
from shared.domain.permissions import Permission
from shared.domain.simulations import SLUG as SIMULATION
from shared.domain.states import CampaignState, LetterState
from shared.errors import StateChanged
from shared.queue.names import TaskName
from shared.rendering.speech import say_weekday
from shared.services import dashboard
from shared.services.attention import read_attention
from shared.services.campaigns import (
    CAMPAIGN_ARROWS,
    campaign_page,
    change_campaign_state,
    count_victory,
    read_campaign,
    read_victory,
    require_arrow,
)
from shared.services.dashboard import LiveCounts
from shared.services.pictures.health import what_is_lacking
from web.admin import bp
from web.admin.actors import actor_name
from web.admin.guard import needs, organizer
from web.admin.pictures import pictures_of
from web.admin.table import PIPELINE, shown_states, table_values
from web.context import here
from web.forms.organizer import StateForm
from web.presenters import moment

# Groups of what needs attention on the live page; all of them have a page of their own.
GROUPS = 6
BAR_WIDTH = 1000.0
_BAR_MINIMUM = 4.0


@dataclass(frozen=True)
class Segment:
    """A stretch of the pipeline bar, in the SVG's own units of which the bar has 1000."""

    state: LetterState
    x: float
    width: float


@bp.get("/")
@needs(Permission.OWN_ACCOUNT)
def overview() -> str:
    """One's campaigns at a glance."""
    lines = dashboard.overview(here().engine, here().settings, organizer())
    return render_template("admin/overview.html", lines=lines)


@bp.get("/campaigns/<slug>")
@needs(Permission.SEE_CAMPAIGN, sees="looked at the letters")
def campaign(slug: str) -> str:
    """The live page: counts, pipeline, what needs attention, and the table of letters."""
    stored = read_campaign(here().engine, slug)
    live = _live_values(stored)
    table = table_values(stored, live["counts"])
    is_live = stored.state is CampaignState.LIVE
    lack = what_is_lacking(here().engine, here().settings, stored) if is_live else None
    pictures = pictures_of(stored)
    return render_template("admin/campaign.html", **live, **table, moves=_moves(stored), pictures=pictures, lack=lack)


@bp.get("/campaigns/<slug>/live")
@needs(Permission.SEE_CAMPAIGN)
def live(slug: str) -> Response:
    """The part of the live page that changes by itself."""
    stored = read_campaign(here().engine, slug)
    return make_response(render_template("admin/live_parts.html", **_live_values(stored)))


@bp.get("/campaigns/<slug>/attention")
@needs(Permission.SEE_CAMPAIGN)
def attention(slug: str) -> str:
    """All groups of what needs attention, when they are too many for the live page."""
    stored = read_campaign(here().engine, slug)
    found = read_attention(here().engine, here().settings, stored, moment)
    return render_template("admin/attention.html", stored=stored, attention=found, shown=found.groups)


_MOVES = {
    CampaignState.LIVE: "Go live",
    CampaignState.PAUSED: "Pause sending",
    CampaignState.CLOSED: "Close",
    CampaignState.WON: "We won",
}


@bp.route("/campaigns/<slug>/state/<state>", methods=["GET", "POST"])
@needs(Permission.SWITCH_CAMPAIGN, does="changed the campaign's state")
def change_state(slug: str, state: str) -> ResponseReturnValue:
    """Says what will happen, then does it. Going live for the first time is the publish list's."""
    if state not in set(_MOVES):
        abort(404)
    wanted = CampaignState(state)
    stored = read_campaign(here().engine, slug)
    if _opens_first(stored, wanted):
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    form = StateForm()
    if form.validate_on_submit():
        _change(stored, wanted, form.seen.data or "")
        return redirect(url_for("admin.campaign", slug=slug), 303)
    require_arrow(stored, wanted)
    page = campaign_page(here().engine, here().settings, slug)
    counts = dashboard.exact_counts(here().engine, stored.id)
    relay = here().settings.relay_configured
    waiting = counts.by_state[LetterState.QUEUED] + counts.by_state[LetterState.DEFERRED]
    words = _move_words(stored, wanted)
    return render_template(
        "admin/change_state.html",
        page=page,
        wanted=wanted,
        words=words,
        waiting=waiting,
        relay=relay,
        victory=count_victory(here().engine, stored) if wanted is CampaignState.WON else 0,
    )


def _change(stored: StoredCampaign, wanted: CampaignState, seen: str) -> None:
    """Changes the state that the page showed, or says who changed it meanwhile."""
    slug, title = stored.campaign.slug, stored.campaign.title
    saw = CampaignState(seen) if seen in set(CampaignState) else None
    try:
        change_campaign_state(here().engine, slug, wanted, actor=organizer().actor, seen=saw)
    except StateChanged as error:
        who = actor_name(error.actor) if error.actor else "Somebody"
        at = f" at {moment(error.at)}" if error.at else ""
        name = f"{who[0].upper()}{who[1:]}"
        flash(
            f"{name} changed {title} to “{error.state}”{at}, after you opened the page. Nothing was changed.", "problem"
        )
        return
    if wanted is CampaignState.WON:
        here().ring.ring(TaskName.PREPARE_MAILINGS)
    flash(f"{title} is now {wanted}.", "good")


def _opens_first(stored: StoredCampaign, wanted: CampaignState) -> bool:
    return wanted is CampaignState.LIVE and stored.state in (CampaignState.DRAFT, CampaignState.SCHEDULED)


def _moves(stored: StoredCampaign) -> list[tuple[CampaignState, str]]:
    """Where the campaign can go from here. A simulated one never goes live."""
    barred = {CampaignState.LIVE} if stored.campaign.slug == SIMULATION else frozenset()
    possible = CAMPAIGN_ARROWS[stored.state] - barred
    return [(move, _move_words(stored, move)) for move in _MOVES if move in possible]


def _move_words(stored: StoredCampaign, wanted: CampaignState) -> str:
    resumes = wanted is CampaignState.LIVE and stored.state is CampaignState.PAUSED
    return "Resume sending" if resumes else _MOVES[wanted]


def _live_values(stored: StoredCampaign) -> dict[str, Any]:
    counts = dashboard.live_counts(here().engine, here().settings, stored.id)
    found = read_attention(here().engine, here().settings, stored, moment)
    out = counts.by_state[LetterState.SENT] + counts.by_state[LetterState.DELIVERED]
    return {
        "stored": stored,
        "victory": read_victory(here().engine, stored),
        "as_of": now(),
        "counts": counts,
        "opens": _opens(stored),
        "out": out,
        # Rounded down: 100 % is said when every letter is out.
        "out_share": 1000 * out // counts.letters / 10 if counts.letters else 0,
        "attention": found,
        "shown": found.groups[:GROUPS],
        "troubled": counts.attention if found.is_cut else found.letters,
        "bar": _segments(counts),
        "pipeline": shown_states(counts),
        "state_words": STATE_WORDS,
    }


def _opens(stored: StoredCampaign) -> str:
    """When letters leave again, while a campaign that writes to offices waits for them to open; else empty."""
    if stored.hours is None or stored.state in (CampaignState.DRAFT, CampaignState.SCHEDULED):
        return ""
    opening = stored.hours.next_opening(now())
    return say_weekday(opening) if opening else ""


def _segments(counts: LiveCounts) -> list[Segment]:
    """Widths in proportion, with a minimum so that one letter in ten thousand is still seen."""
    present = [state for state in PIPELINE if counts.by_state[state]]
    raw = [max(counts.by_state[state] / counts.letters * BAR_WIDTH, _BAR_MINIMUM) for state in present]
    scale = BAR_WIDTH / sum(raw) if raw else 1.0
    segments, x = [], 0.0
    for state, width in zip(present, raw, strict=True):
        segments.append(Segment(state, round(x, 1), round(width * scale, 1)))
        x += width * scale
    return segments
