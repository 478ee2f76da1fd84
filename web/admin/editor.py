"""The campaign editor: one page a step, saved by itself into the draft, with a preview beside it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.campaign_steps import Step, moved, step_mark
from shared.domain.campaigns import Campaign
from shared.domain.follow_ups import STEP_TEMPLATES, Trigger
from shared.domain.integers import parse_integer
from shared.domain.letter_versions import LetterVersion
from shared.domain.office_words import CHAMBER_NAMES
from shared.domain.permissions import Permission
from shared.domain.places import Chamber
from shared.domain.publish_list import SUBJECT_LIMIT, text_problems
from shared.rendering.logos import MOST_BYTES, LogoRefused, make_logo
from shared.rendering.markdown import page_html
from shared.services.editor.drafts import Editing, NewLogo, SavedMeanwhile, read_editing, save_step
from shared.services.editor.offices import OfficeList, read_offices
from shared.services.editor.preview import LONGEST, VACANT, sample_letter
from web.admin import bp
from web.admin.editor_words import CONDITION_WORDS, FIELD_WORDS, STEP_WORDS, TEMPLATE_WORDS, TRIGGER_WORDS
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.campaign_steps import Typed, read_step, step_values
from web.presenters import clock

_EDIT = "/campaigns/<slug>/edit"
_STEPS = tuple(step for step in Step if step is not Step.PUBLISH)
_MOST_VERSIONS = 30


@bp.route(f"{_EDIT}/<step>", methods=["GET", "POST"])
@needs(Permission.EDIT_CAMPAIGN, does="edited the campaign's draft", often=True)
def edit_campaign(slug: str, step: str) -> ResponseReturnValue:
    """One step: shown, or saved. The script saves by itself and gets a short answer."""
    if step not in set(_STEPS):
        abort(404)
    at, editing = Step(step), read_editing(here().engine, slug)
    known = read_offices(here().engine, editing.campaign.jurisdiction)
    if request.method == "GET":
        return _page(at, editing, known)
    typed = Typed(request.form, request.form.getlist)
    version = _version(editing)
    try:
        saved = save_step(
            here().engine,
            slug,
            at,
            request.form.get("mark", ""),
            _change(at, typed, known, version),
            actor=organizer().actor,
        )
    except SavedMeanwhile as conflict:
        return _conflict(at, conflict.theirs, known)
    if _is_script():
        mark = step_mark(saved.campaign, at)
        return jsonify(saved=clock(saved.saved_at) if saved.saved_at else "", mark=mark, wrong=typed.wrong)
    if typed.wrong:
        return make_response(_page(at, saved, known, wrong=typed.wrong), 422)
    return redirect(_onward(at, slug, version), 303)


@bp.post(f"{_EDIT}/<step>/preview")
@needs(Permission.EDIT_CAMPAIGN, does=None)
def preview_campaign(slug: str, step: str) -> ResponseReturnValue:
    """What is typed as it would look; nothing is saved."""
    if step not in (Step.PAGE, Step.LETTER):
        abort(404)
    editing = read_editing(here().engine, slug)
    known = read_offices(here().engine, editing.campaign.jurisdiction)
    version = _version(editing)
    campaign = read_step(Step(step), Typed(request.form, request.form.getlist), editing.campaign, known, version)
    values = _preview_values(Step(step), campaign, known, version, request.form)
    return render_template("admin/_editor_preview.html", **values)


@bp.post(f"{_EDIT}/page/logo")
@needs(Permission.EDIT_CAMPAIGN, does="uploaded a logo")
def upload_logo(slug: str) -> ResponseReturnValue:
    """A new logo, or none any more."""
    editing = read_editing(here().engine, slug)
    picture, mark = request.files.get("logo"), step_mark(editing.campaign, Step.PAGE)
    actor = organizer().actor
    back = redirect(url_for("admin.edit_campaign", slug=slug, step=Step.PAGE) + "#logo", 303)
    if "remove" in request.form:
        save_step(here().engine, slug, Step.PAGE, mark, lambda old: replace(old, logo=None), actor=actor)
        flash("The logo is taken off.", "good")
        return back
    if picture is None or not picture.filename:
        flash("Choose a picture first, then press “Upload”.", "problem")
        return back
    raw = picture.read(MOST_BYTES + 1)
    picture.close()
    try:
        logo, png = make_logo(raw, picture.filename.replace("\\", "/").rsplit("/", 1)[-1])
    except LogoRefused as refused:
        flash(f"This picture {refused}", "problem")
        return back
    save_step(here().engine, slug, Step.PAGE, mark, lambda old: old, actor=actor, logo=NewLogo(logo, png))
    flash("The logo is there.", "good")
    return back


@bp.get(f"{_EDIT}/page/logo.png")
@needs(Permission.EDIT_CAMPAIGN)
def draft_logo(slug: str) -> Response:
    """The draft's logo."""
    image = read_editing(here().engine, slug).logo
    if image is None:
        abort(404)
    return Response(image, mimetype="image/png")


def _change(step: Step, typed: Typed, known: OfficeList, version: int) -> Callable[[Campaign], Campaign]:
    """What the form says, and then what the pressed button does with the versions."""

    def change(campaign: Campaign) -> Campaign:
        typed.wrong.clear()
        changed = read_step(step, typed, campaign, known, min(version, len(campaign.versions) - 1))
        return _arranged(changed, request.form.get("action", ""), version) if step is Step.LETTER else changed

    return change


def _arranged(campaign: Campaign, action: str, version: int) -> Campaign:
    versions = campaign.versions
    if action == "add" and len(versions) < _MOST_VERSIONS:
        names = {one.name for one in versions}
        name = next(name for name in (f"version {turn}" for turn in range(2, 99)) if name not in names)
        copy = LetterVersion(name, versions[version].subject, versions[version].body)
        # First match wins, so a special version stands before the one for everybody.
        return replace(campaign, versions=(copy, *versions))
    if action == "remove" and len(versions) > 1:
        gone = versions[version].name
        exclusions = tuple(one for one in campaign.exclusions if one.thanks != gone)
        return replace(campaign, versions=(*versions[:version], *versions[version + 1 :]), exclusions=exclusions)
    if action in ("up", "down"):
        return replace(campaign, versions=moved(versions, version, -1 if action == "up" else 1))
    return campaign


def _onward(step: Step, slug: str, version: int) -> str:
    action = request.form.get("action", "")
    if action == "next":
        after = list(Step)[list(Step).index(step) + 1]
        if after is Step.PUBLISH:
            return url_for("admin.publish_campaign", slug=slug)
        return url_for("admin.edit_campaign", slug=slug, step=after)
    if action in ("add", "remove"):
        version = 0
    elif action in ("up", "down"):
        version = max(0, version + (-1 if action == "up" else 1))
    shown = {name: request.form[name] for name in ("as", "device") if name in request.form and action == "preview"}
    values: dict[str, Any] = {"slug": slug, "step": step, "version": version or None, **shown}
    where = url_for("admin.edit_campaign", **values)
    return f"{where}#preview" if action == "preview" else where


def _conflict(step: Step, theirs: Editing, known: OfficeList) -> ResponseReturnValue:
    saved = clock(theirs.saved_at) if theirs.saved_at else ""
    if _is_script():
        return make_response(jsonify(saved=saved, by=_who(theirs)), 409)
    return make_response(_page(step, theirs, known, is_conflict=True), 409)


def _page(
    step: Step, editing: Editing, known: OfficeList, *, wrong: dict[str, str] | None = None, is_conflict: bool = False
) -> str:
    campaign, version = editing.campaign, _version(editing)
    saved = step_values(step, campaign, known, version)
    is_typed = bool(wrong) or is_conflict
    values = {name: _typed_value(name, value) for name, value in saved.items()} if is_typed else saved
    return render_template(
        "admin/editor.html",
        editing=editing,
        values=values,
        theirs={name: value for name, value in saved.items() if value != values[name]} if is_conflict else {},
        is_conflict=is_conflict,
        who=_who(editing),
        wrong=wrong or {},
        mark=step_mark(campaign, step),
        version=version,
        chambers=[(str(chamber), name) for chamber, name in CHAMBER_NAMES.items() if _exists(chamber, known, campaign)],
        fields=FIELD_WORDS,
        words={"steps": STEP_WORDS, "templates": TEMPLATE_WORDS, "triggers": TRIGGER_WORDS, "when": CONDITION_WORDS},
        templates=STEP_TEMPLATES,
        triggers=list(Trigger),
        subject_limit=SUBJECT_LIMIT,
        **_preview_values(step, campaign, known, version, request.args),
    )


def _exists(chamber: Chamber, known: OfficeList, campaign: Campaign) -> bool:
    return chamber in campaign.chambers or any(office.chamber is chamber for office in known.offices)


def _typed_value(name: str, saved: object) -> object:
    if isinstance(saved, list):
        return request.form.getlist(name)
    if isinstance(saved, bool):
        return name in request.form
    typed = request.form.get(name)
    return saved if typed is None else typed.replace("\r\n", "\n")


def _preview_values(step: Step, campaign: Campaign, known: OfficeList, version: int, asked: Any) -> dict[str, object]:
    wanted, device = asked.get("as", ""), "desktop" if asked.get("device") == "desktop" else "phone"
    values: dict[str, object] = {"step": step, "campaign": campaign, "wanted": wanted, "device": device, "known": known}
    values |= {"longest": LONGEST, "vacant": VACANT}
    if step is Step.LETTER:
        used = campaign.versions[version]
        wanted = wanted or _somebody(campaign, known, used)
        return values | {"sample": sample_letter(campaign, known.offices, wanted, used), "wanted": wanted}
    if step is Step.PAGE:
        problems = [one for one in text_problems(campaign) if one.step is Step.PAGE]
        return values | {"html": page_html(campaign.page), "problems": problems}
    return values


def _somebody(campaign: Campaign, known: OfficeList, used: LetterVersion) -> str:
    """Somebody who gets this version, where there is anybody."""
    for office in known.offices:
        if office.holder and office.chamber in campaign.chambers and campaign.version_for_office(office) == used:
            return str(office.office_id)
    return ""


def _version(editing: Editing) -> int:
    asked = request.form.get("version") or request.args.get("version", "")
    return min(parse_integer(asked) or 0, len(editing.campaign.versions) - 1)


def _who(editing: Editing) -> str:
    return "you, in another tab" if editing.saved_by == organizer().actor else "another organizer"


def _is_script() -> bool:
    return request.headers.get("X-Requested-With") == "autosave"
