"""New campaigns, the publish list, tests of the letters, and the way back to an earlier text."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.campaign_steps import Step
from shared.domain.draft_marks import draft_mark
from shared.domain.permissions import Permission
from shared.domain.publish_list import is_green
from shared.domain.states import CampaignState
from shared.domain.transport import Transport
from shared.domain.us_states import STATES
from shared.errors import InputError, NotAllowed
from shared.services.campaigns import list_campaigns
from shared.services.editor.drafts import discard, editions, read_editing, restore
from shared.services.editor.new import NewCampaign, create_campaign, duplicate_campaign
from shared.services.editor.publishing import list_points, open_campaign, publish_changes, send_tests
from shared.services.previews import create_preview, list_previews, revoke_preview
from web.admin import ROW_ID, bp
from web.admin.editor_words import STEP_WORDS
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

_EDIT = "/campaigns/<slug>/edit"
_OPENING = {"live": CampaignState.LIVE, "schedule": CampaignState.SCHEDULED}


@bp.route("/campaigns/new", methods=["GET", "POST"])
@needs(Permission.CREATE_CAMPAIGNS, does="made a campaign")
def new_campaign() -> ResponseReturnValue:
    """The short form, then straight to the first step."""
    errors: dict[str, str] = {}
    known = list_campaigns(here().engine)
    if PlainForm().validate_on_submit():
        typed = NewCampaign(*(request.form.get(name, "") for name in ("title", "host", "jurisdiction")))
        try:
            slug = create_campaign(here().engine, typed, actor=organizer().actor)
        except InputError as error:
            errors = error.fields
        else:
            flash("Your campaign begins with an example. Replace it with your own words, step by step.", "good")
            return redirect(url_for("admin.edit_campaign", slug=slug, step=Step.PAGE), 303)
    html = render_template(
        "admin/new_campaign.html",
        errors=errors,
        typed=request.form,
        states=sorted(STATES.values(), key=lambda state: state.name),
        usual=known[0].campaign.jurisdiction.upper() if known else "",
        host=known[0].campaign.host if known else "",
    )
    return html, 422 if errors else 200


@bp.route("/campaigns/<slug>/duplicate", methods=["GET", "POST"])
@needs(Permission.CREATE_CAMPAIGNS, does="copied the campaign")
def copy_campaign(slug: str) -> ResponseReturnValue:
    """A draft with the same text and nobody's letters."""
    if PlainForm().validate_on_submit():
        copy = duplicate_campaign(here().engine, slug, actor=organizer().actor)
        flash("This is the copy: the same text, without people, letters and dates.", "good")
        return redirect(url_for("admin.edit_campaign", slug=copy, step=Step.PAGE), 303)
    return render_template("admin/editor_ask.html", editing=read_editing(here().engine, slug), ask="duplicate")


@bp.route(f"{_EDIT}/publish", methods=["GET", "POST"])
@needs(Permission.EDIT_CAMPAIGN, does="published the campaign's draft")
def publish_campaign(slug: str) -> ResponseReturnValue:
    """The list that must be green; changes of a campaign that is public are published here."""
    if PlainForm().validate_on_submit():
        try:
            mark = request.form.get("mark")
            publish_changes(here().engine, here().settings, slug, actor=organizer().actor, mark=mark)
            flash("Published. Supporters see the new text within seconds; letters already sent keep theirs.", "good")
        except NotAllowed as error:
            flash(str(error), "problem")
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    return _publish_page(slug)


@bp.post(f"{_EDIT}/preview-link")
@needs(Permission.EDIT_CAMPAIGN, does="created a preview link")
def create_preview_link(slug: str) -> ResponseReturnValue:
    """A link that opens the draft for people without an account; only this answer shows it."""
    if not PlainForm().validate_on_submit():
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    try:
        path = create_preview(here().engine, slug, actor=organizer().actor)
    except NotAllowed as error:
        flash(str(error), "problem")
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    return _publish_page(slug, here().settings.public_url.rstrip("/") + path)


@bp.post(f"{_EDIT}/preview-link/<{ROW_ID}:number>/revoke")
@needs(Permission.EDIT_CAMPAIGN, does="revoked a preview link")
def revoke_preview_link(slug: str, number: int) -> ResponseReturnValue:
    """From now on, the link opens nothing, not even in browsers that opened it before."""
    if PlainForm().validate_on_submit():
        revoke_preview(here().engine, slug, number)
        flash("The preview link is revoked. It no longer opens anything.", "good")
    return redirect(url_for("admin.publish_campaign", slug=slug), 303)


def _publish_page(slug: str, preview_link: str = "") -> str:
    editing = read_editing(here().engine, slug)
    points = list_points(here().engine, here().settings, editing)
    return render_template(
        "admin/publish.html",
        editing=editing,
        campaign=editing.campaign,
        step=Step.PUBLISH,
        mark=draft_mark(editing.campaign),
        points=points,
        is_green=is_green(points),
        rehearsal="admin.rehearsal" in current_app.view_functions,
        earlier=editions(here().engine, slug),
        previews=list_previews(here().engine, editing.stored),
        preview_link=preview_link,
        words={"steps": STEP_WORDS},
    )


@bp.post(f"{_EDIT}/open")
@needs(Permission.SWITCH_CAMPAIGN, does="opened the campaign")
def open_edited_campaign(slug: str) -> ResponseReturnValue:
    """Goes live, or waits for its day, when the list is green."""
    state = _OPENING.get(request.form.get("action", ""), CampaignState.LIVE)
    try:
        mark = request.form.get("mark")
        open_campaign(here().engine, here().settings, slug, state, actor=organizer().actor, mark=mark)
    except NotAllowed as error:
        flash(str(error), "problem")
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    if state is CampaignState.SCHEDULED:
        flash("Scheduled. The campaign goes live by itself on its day.", "good")
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    flash("Your campaign is live. Share its address, and watch the letters here.", "good")
    return redirect(url_for("admin.campaign", slug=slug), 303)


@bp.post(f"{_EDIT}/test")
@needs(Permission.EDIT_CAMPAIGN, does="sent a test of the letters")
def test_campaign(slug: str) -> ResponseReturnValue:
    """Every version to the organizer's own address."""
    me = organizer()
    try:
        count, way = send_tests(here().engine, here().settings, slug, me.email, actor=me.actor)
    except NotAllowed as error:
        flash(str(error), "problem")
    else:
        what = "1 letter" if count == 1 else f"{count} letters, one for each version,"
        where = "the local mailbox of this machine" if way is Transport.MAILBOX else f"{me.email}, by your mail server"
        flash(f"The test went to {where}: {what} with a made-up supporter, marked “[Test]”.", "good")
    return redirect(url_for("admin.publish_campaign", slug=slug), 303)


@bp.route(f"{_EDIT}/undo", methods=["GET", "POST"])
@needs(Permission.EDIT_CAMPAIGN, does="threw the campaign's draft away")
def undo_draft(slug: str) -> ResponseReturnValue:
    """Back to what is published; the draft stays among the earlier texts."""
    if PlainForm().validate_on_submit():
        try:
            discard(here().engine, slug, actor=organizer().actor)
            flash("Back to the published text. Your changes are kept below, under “Earlier texts”.", "good")
        except NotAllowed as error:
            flash(str(error), "problem")
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    return render_template("admin/editor_ask.html", editing=read_editing(here().engine, slug), ask="undo")


@bp.route(f"{_EDIT}/restore/<{ROW_ID}:number>", methods=["GET", "POST"])
@needs(Permission.EDIT_CAMPAIGN, does="brought back an earlier text")
def restore_edition(slug: str, number: int) -> ResponseReturnValue:
    """An earlier text becomes the draft; supporters see it when it is published."""
    if PlainForm().validate_on_submit():
        restore(here().engine, slug, number, actor=organizer().actor)
        flash("The earlier text is back as a draft. Publish it when it is right.", "good")
        return redirect(url_for("admin.publish_campaign", slug=slug), 303)
    return render_template("admin/editor_ask.html", editing=read_editing(here().engine, slug), ask="restore")
