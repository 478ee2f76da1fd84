"""Numbers, times and file addresses as templates show them; words and dates in the reader's language."""

from collections.abc import Iterable
from datetime import datetime, time, tzinfo
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, url_for
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from shared.domain.campaigns import Campaign
from shared.domain.states import LetterState
from shared.rendering import speech
from shared.rendering.letters import text_to_html

# Where no campaign is spoken of; each time says so.
_ZONE = ZoneInfo("America/New_York")
# What templates call the campaign that they show, or what holds it.
_NAMES = ("campaign", "stored", "page", "view")
STATE_ICONS: dict[LetterState, str] = {
    LetterState.HELD: "pause",
    LetterState.QUEUED: "clock",
    LetterState.SENDING: "send",
    LetterState.DEFERRED: "retry",
    LetterState.SENT: "ok",
    LetterState.UNCERTAIN: "warn",
    LetterState.DELIVERED: "okc",
    LetterState.UNCONFIRMED: "warn",
    LetterState.REJECTED: "x",
    LetterState.BOUNCED: "bounce",
    LetterState.EXPIRED: "clock",
    LetterState.CANCELLED: "x",
    LetterState.QUARANTINED: "lock",
}


def install(app: Flask) -> None:
    """Adds the filters and globals, and lets hashed files be kept for a year."""
    speech.install(app.jinja_env)
    app.jinja_env.filters["paragraphs"] = text_to_html
    app.jinja_env.filters.update(number=speech.say_number, clock=clock, exact=exact, breakable=breakable)
    app.jinja_env.filters.update(moment=_moment, day=_day, opening=_opening)
    app.jinja_env.globals.update(static=static, icon=drawn_icon, pairs=pairs, state_icons=STATE_ICONS)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31_536_000


def clock(value: datetime) -> str:
    """`10:42:18 am`."""
    return speech.say_clock(value, _ZONE)


def exact(value: datetime) -> str:
    """`Nov 22, 10:42:18 am EST`: for histories, where seconds tell the order."""
    local = value.astimezone(_ZONE)
    return f"{local:%b} {local.day}, {clock(value)} {local:%Z}"


def moment(value: datetime, zone: tzinfo = _ZONE) -> str:
    """`Nov 22, 10:42 am EST`."""
    return speech.say_moment(value, zone)


@pass_context
def _moment(context: Context, value: datetime) -> str:
    return moment(value, _zone_of(context))


@pass_context
def _day(context: Context, value: datetime) -> str:
    """`November 22, 2026`, in the time zone of the campaign that the page shows."""
    return speech.say_day(value, _zone_of(context))


@pass_context
def _opening(context: Context, value: datetime) -> str:
    """`May 1, 2031`; with the time when it is one that somebody chose: midnight is what a mere date stands for."""
    zone = _zone_of(context)
    chose_a_time = value.astimezone(zone).time() != time.min
    return speech.say_moment(value, zone) if chose_a_time else speech.say_day(value, zone)


def _zone_of(context: Context) -> tzinfo:
    """The time zone of the campaign that the page shows."""
    for name in _NAMES:
        shown = context.get(name)
        for step in ("stored", "campaign"):
            shown = getattr(shown, step, shown)
        if isinstance(shown, Campaign):
            return ZoneInfo(shown.timezone)
    return _ZONE


def breakable(words: str, after: str = "@") -> Markup:
    """A long word, such as an email address, may break after this sign; who copies it gets nothing more."""
    return escape(words).replace(after, Markup("{}<wbr>").format(after))


@lru_cache(maxsize=64)
def pairs(words: Iterable[str]) -> list[tuple[str, str]]:
    """Options whose value is what they say."""
    return [(word, word) for word in words]


@lru_cache(maxsize=256)
def drawn_icon(name: str, classes: str = "") -> Markup:
    """A drawing from web/static/icons.svg; the words beside it say what it means."""
    use = Markup('<use href="{}#{}"/>').format(static("icons.svg"), name)
    return Markup('<svg class="i {}" aria-hidden="true">{}</svg>').format(classes, use)


@lru_cache(maxsize=64)
def static(name: str) -> str:
    """The address of a file in web/static that changes with its content."""
    content = (Path(__file__).parent / "static" / name).read_bytes()
    return url_for("static", filename=name, v=sha256(content).hexdigest()[:10])
