"""Offices and their addresses: the list, one office, changes with a look at what they will do, undoing, imports."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.integers import parse_integer
from shared.domain.office_changes import IMPORT_WORDS, ChangeKind
from shared.domain.office_words import CHAMBER_NAMES, MARK_WORDS, Mark
from shared.domain.permissions import Permission
from shared.domain.places import Chamber
from shared.domain.us_states import STATES, UsState
from shared.errors import InputError
from shared.services.campaigns import list_campaigns
from shared.services.letter_fit import HELD, LEAVES
from shared.services.office_letters import FAILED
from shared.services.offices import changes, import_reports, listing
from shared.services.offices.asked import ask_change, ask_undo
from shared.services.offices.one import read_office
from shared.services.offices.wanted import By, Wanted
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.offices import OfficeChangeForm
from web.forms.supporter import PlainForm

_Word = TypeVar("_Word", bound=StrEnum)
_SEARCH_MAX = 100
_OFFICE = f"/offices/<{ROW_ID}:office_id>"
# What a kind of change is called where it is asked for, and on its last button.
_ASKS: dict[ChangeKind, tuple[str, str]] = {
    ChangeKind.ADDRESS: ("Correct the addresses", "Correct the addresses"),
    ChangeKind.VACANT: ("Mark the seat vacant", "Mark the seat vacant"),
    ChangeKind.SEATED: ("Seat a successor", "Seat the successor"),
    ChangeKind.RETURNED: ("The last holder still holds it", "Put them back"),
    ChangeKind.ROSTER: ("Take what the roster says", "Take what the roster says"),
    ChangeKind.RELEASED: ("Release held letters to the office", "Release the letters"),
    ChangeKind.WITHDRAWN: ("Withdraw held letters", "Withdraw the letters"),
}


@bp.get("/offices")
@needs(Permission.SEE_INSTALLATION)
def offices() -> str:
    """The offices of a state, searched and filtered, and how old what we know of them is."""
    states = listing.known_states(here().engine)
    if not states:
        return render_template("admin/offices_empty.html", state=_campaigns_state())
    state = _chosen(states)
    sought = listing.Sought(
        _one_of(Chamber, "chamber"), _one_of(Mark, "mark"), " ".join(request.args.get("q", "")[:_SEARCH_MAX].split())
    )

    def link(**changed: object) -> str:
        """This list with other words, another chamber or mark, or from another office on."""
        code = state.code.lower() if len(states) > 1 else None
        now = {"state": code, "chamber": sought.chamber, "mark": sought.mark, "q": sought.words or None}
        return url_for("admin.offices", **{**now, **changed})  # type: ignore[arg-type]

    return render_template(
        "admin/offices.html",
        link=link,
        states=states,
        state=state,
        sought=sought,
        page=listing.list_offices(here().engine, state, sought, parse_integer(request.args.get("after", "")) or 0),
        ages=listing.data_ages(here().engine, state),
        chamber_names=CHAMBER_NAMES,
        mark_words=MARK_WORDS,
    )


@bp.get(_OFFICE)
@needs(Permission.SEE_INSTALLATION)
def office(office_id: int) -> str:
    """One office: holder, addresses, history, letters, and what organizers decided about it."""
    view = read_office(here().engine, office_id, organizer())
    names = {"chamber_names": CHAMBER_NAMES, "mark_words": MARK_WORDS, "asks": _ASKS}
    return render_template("admin/office.html", view=view, row=view.row, state=_state_of(view.row), **names)


@bp.route(f"{_OFFICE}/<what>", methods=["GET", "POST"])
@needs(Permission.CHANGE_OFFICES, does="changed an office")
def change_office(office_id: int, what: str) -> ResponseReturnValue:
    """Asks what to change and why, shows what will happen, then does it."""
    if what not in set(ChangeKind):
        abort(404)
    kind, form = ChangeKind(what), OfficeChangeForm()
    wanted: Wanted | None = None
    sentences: list[str] = []
    errors: dict[str, str] = {}
    asked = ask_change(here().engine, office_id, kind)
    g.audit_about = f"{asked.label}: {_ASKS[kind][0].lower()}"
    if form.validate_on_submit():
        try:
            wanted, sentences = asked.preview(here().engine, form.typed())
            if form.action.data == "do":
                return _make(office_id, wanted)
        except InputError as error:
            errors = error.fields
        g.changed_nothing = True
    page = render_template(
        "admin/office_change.html",
        asked=asked,
        kind=kind,
        title=_ASKS[kind][0],
        button=_ASKS[kind][1],
        form=form,
        wanted=None if form.action.data == "back" else wanted,
        sentences=sentences,
        errors=errors,
    )
    return page, 422 if errors else 200


@bp.route(f"{_OFFICE}/changes/<{ROW_ID}:change_id>/undo", methods=["GET", "POST"])
@needs(Permission.CHANGE_OFFICES, does="undid a change of an office")
def undo_office_change(office_id: int, change_id: int) -> ResponseReturnValue:
    """Says what comes back, then undoes it."""
    asked = ask_undo(here().engine, office_id, change_id)
    g.audit_about = f"{asked.label}: {asked.words}"
    if PlainForm().validate_on_submit():
        made = changes.undo_change(here().engine, here().ring, office_id, change_id, _by())
        flash("Called off." if made.is_planned else f"Undone. {_became(made.letters)}", "good")
        return redirect(url_for("admin.office", office_id=office_id), 303)
    return render_template("admin/office_undo.html", asked=asked)


@bp.get("/imports")
@needs(Permission.SEE_INSTALLATION)
def imports() -> str:
    """Every import, newest first."""
    before = parse_integer(request.args.get("before", "")) or None
    runs, older = import_reports.list_imports(here().engine, before)
    return render_template("admin/imports.html", runs=runs, older=older, newest=before is None)


@bp.get(f"/imports/<{ROW_ID}:run_id>")
@needs(Permission.SEE_INSTALLATION)
def import_run(run_id: int) -> str:
    """What one import changed."""
    view = import_reports.read_import(here().engine, run_id, parse_integer(request.args.get("after", "")) or 0)
    return render_template("admin/import_run.html", view=view, run=view.run, kind_words=IMPORT_WORDS)


@bp.post(f"/imports/<{ROW_ID}:run_id>/settle")
@needs(Permission.CHANGE_OFFICES, does="marked an import's warnings as dealt with, or took that back")
def settle_import(run_id: int) -> ResponseReturnValue:
    """The offices' page shows its warnings no longer, or again."""
    if PlainForm().validate_on_submit():
        attended = request.form.get("undo") != "yes"
        import_reports.settle_warnings(here().engine, run_id, actor=organizer().actor, attended=attended)
    return redirect(url_for("admin.import_run", run_id=run_id), 303)


def _make(office_id: int, wanted: Wanted) -> ResponseReturnValue:
    made = changes.make_change(here().engine, here().ring, office_id, wanted, _by())
    title = _ASKS[wanted.kind][0]
    if made.is_planned:
        flash(f"Noted for {wanted.on:%B} {wanted.on.day}, {wanted.on.year}: {title}. Call it off below.", "good")
    else:
        flash(f"Done: {title}. {_became(made.letters)}", "good")
    return redirect(url_for("admin.office", office_id=office_id), 303)


def _became(letters: Counter[str]) -> str:
    """What became of letters, in one or two sentences."""
    words = []
    if leaves := letters[LEAVES]:
        words.append("1 letter leaves when due." if leaves == 1 else f"{leaves:,} letters leave when due.")
    if held := letters[HELD]:
        words.append("1 letter is held." if held == 1 else f"{held:,} letters are held.")
    if gone := letters[changes.WITHDRAWN]:
        words.append("1 letter is withdrawn." if gone == 1 else f"{gone:,} letters are withdrawn.")
    if failed := letters[FAILED]:
        count = "1 letter" if failed == 1 else f"{failed:,} letters"
        words.append(f"{count} could not be updated. A worker tries again within seconds.")
    return " ".join(words) or "No letter waited for it."


def _by() -> By:
    return By(organizer().email, organizer().id)


def _one_of(words: type[_Word], name: str) -> _Word | None:
    typed = request.args.get(name, "")
    return words(typed) if typed in set(words) else None


def _campaigns_state() -> UsState | None:
    """That of the newest campaign, for the command that loads its data."""
    codes = (one.campaign.jurisdiction.upper() for one in list_campaigns(here().engine))
    return next((STATES[code] for code in codes if code in STATES), None)


def _chosen(states: list[UsState]) -> UsState:
    typed = request.args.get("state", "").upper()
    wanted = STATES.get(typed) or _campaigns_state()
    return wanted if wanted in states else states[0]


def _state_of(row: Mapping[Any, Any]) -> UsState:
    return STATES[row["jurisdiction"].upper()]
