"""Many letters at once: what would happen, doing it, how far it is, and taking it back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.domain.attention import noun
from shared.domain.bulk import ENDING, GRACE, MOST, SENDING, BulkAction
from shared.domain.bulk_words import ASKS, DOES, DONE, choice_words
from shared.domain.campaigns import StoredCampaign
from shared.domain.days import YEARS
from shared.domain.integers import parse_integer
from shared.domain.letter_filter import Choice, read_filter
from shared.domain.permissions import Permission
from shared.errors import NotAllowed
from shared.services.bulk import (
    Preview,
    ask_change,
    list_changes,
    preview_change,
    read_change,
    require_own,
    undo_change,
)
from shared.services.campaigns import read_campaign
from shared.services.letters_table import office_words
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

# Offices that are named; the others are counted.
_NAMED = 5


@bp.route("/campaigns/<slug>/letters/change", methods=["GET", "POST"])
@needs(Permission.CHANGE_LETTERS, does="changed several letters")
def change_letters(slug: str) -> ResponseReturnValue:
    """Says what will happen to the letters that the address names, then does it."""
    stored = read_campaign(here().engine, slug)
    action, choice = _asked(stored)
    title = _title(choice)
    if PlainForm().validate_on_submit():
        return _begin(slug, action, choice, title)
    look = preview_change(here().engine, choice, action)
    return render_template(
        "admin/change_letters.html",
        stored=stored,
        action=action,
        asks=ASKS[action],
        does=DOES[action],
        look=look,
        others=_what_else(choice, action, look),
        title=title,
        named=_NAMED,
        most=MOST,
        is_sending=action in SENDING,
        minutes=int(GRACE.total_seconds() // 60),
        back=_back(slug, choice),
    )


@bp.get("/campaigns/<slug>/changes")
@needs(Permission.SEE_CAMPAIGN)
def changes(slug: str) -> str:
    """What was done to several letters lately, and what can still be taken back."""
    stored = read_campaign(here().engine, slug)
    lines = list_changes(here().engine, stored.id)
    return render_template("admin/changes.html", stored=stored, lines=lines, done=DONE)


@bp.get(f"/campaigns/<slug>/changes/<{ROW_ID}:number>/live")
@needs(Permission.SEE_CAMPAIGN)
def change_live(slug: str, number: int) -> Response:
    """How far it is; when it is done the page is loaded anew."""
    stored = read_campaign(here().engine, slug)
    view = read_change(here().engine, stored.id, number)
    return make_response(render_template("admin/_change_progress.html", view=view))


@bp.get(f"/campaigns/<slug>/changes/<{ROW_ID}:number>")
@needs(Permission.SEE_CAMPAIGN)
def change(slug: str, number: int) -> str:
    """What became of the letters, exactly."""
    stored = read_campaign(here().engine, slug)
    view = read_change(here().engine, stored.id, number)
    return render_template(
        "admin/change.html", stored=stored, view=view, done=DONE[view.action], is_sending=view.action in SENDING
    )


@bp.post(f"/campaigns/<slug>/changes/<{ROW_ID}:number>/undo")
@needs(Permission.CHANGE_LETTERS, does="took back a change of several letters")
def undo_change_of_letters(slug: str, number: int) -> ResponseReturnValue:
    """Takes back what nothing has happened to since."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        undo_change(here().engine, here().ring, stored.id, number, actor=organizer().actor)
    return redirect(url_for("admin.change", slug=slug, number=number), 303)


def _asked(stored: StoredCampaign) -> tuple[BulkAction, Choice]:
    """What the address asks for: an action, and ticked letters or all that fit its filters."""
    word = request.args.get("action", "")
    if word not in set(BulkAction):
        raise NotAllowed("Choose what to do with the letters.")
    ids = tuple(sorted({number for one in request.args.getlist("id") if (number := parse_integer(one, least=1))}))
    if request.args.get("all") == "yes":
        return BulkAction(word), Choice(stored.id, read_filter(request.args.to_dict()))
    if not ids:
        raise NotAllowed("Tick the letters first, or “All that fit”.")
    choice = Choice(stored.id, ids=ids)
    require_own(here().engine, choice)
    return BulkAction(word), choice


def _begin(slug: str, action: BulkAction, choice: Choice, title: str) -> ResponseReturnValue:
    delay = GRACE if request.form.get("when") == "later" and action in SENDING else timedelta()
    number = ask_change(
        here().engine,
        here().ring,
        Choice(choice.campaign_id, choice.wanted, choice.ids, None if choice.ids else _as_of()),
        action,
        actor=organizer().actor,
        title=title,
        delay=delay,
        expected=parse_integer(request.form.get("expected", "")) or 0,
    )
    g.audit_about = f"{action}, change {number}: {title}"
    return redirect(url_for("admin.change", slug=slug, number=number), 303)


def _what_else(choice: Choice, action: BulkAction, look: Preview) -> list[tuple[str, str]]:
    """Where nothing can be done as asked: what ends the alert all the same, in words and with its address."""
    if look.count or not look.chosen:
        return []
    others = []
    for other in ENDING:
        count = preview_change(here().engine, choice, other).count if other is not action else 0
        if count:
            verb, how = ASKS[other]
            address = url_for(request.endpoint or "", **{**(request.view_args or {}), **request.args, "action": other})
            others.append((f"{verb} {noun(count)} {how}".rstrip(), address))
    return others


def _as_of() -> datetime:
    """When the letters were looked at, so that nothing is changed that was not seen."""
    try:
        seen = datetime.fromisoformat(request.form.get("as_of", ""))
    except ValueError:
        abort(400)
    if seen.year not in YEARS:
        abort(400)
    return min(seen if seen.tzinfo else seen.replace(tzinfo=UTC), now())


def _title(choice: Choice) -> str:
    office = office_words(here().engine, choice.wanted.office) if choice.wanted.office else ""
    return choice_words(choice.wanted, len(choice.ids), office)


def _back(slug: str, choice: Choice) -> str:
    parameters: dict[str, Any] = dict(choice.wanted.in_address())
    return url_for("admin.campaign", slug=slug, **parameters) + "#letters"
