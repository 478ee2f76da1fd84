"""Campaign updates: written, tested on the organizer's own address, sent to those who agreed to hear more."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.domain.campaigns import StoredCampaign
from shared.domain.permissions import Permission
from shared.domain.transport import Transport
from shared.domain.updates import UpdateState
from shared.errors import InputError, NotAllowed
from shared.services import update_view
from shared.services import updates as service
from shared.services.campaigns import read_campaign
from shared.services.update_mail import render_update, send_test
from shared.services.update_view import Update
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.organizer import SendForm, UpdateForm
from web.forms.supporter import PlainForm
from web.security import MAIL_POLICY, content_policy

_UPDATE = f"/campaigns/<slug>/updates/<{ROW_ID}:number>"


@bp.get("/campaigns/<slug>/updates")
@needs(Permission.SEE_CAMPAIGN)
def updates(slug: str) -> str:
    """All updates of the campaign, and who could get the next one."""
    stored = read_campaign(here().engine, slug)
    return render_template(
        "admin/updates.html",
        stored=stored,
        updates=update_view.list_updates(here().engine, stored.id),
        audiences=update_view.count_audiences(here().engine, stored),
    )


@bp.route("/campaigns/<slug>/updates/new", methods=["GET", "POST"])
@needs(Permission.SEND_UPDATES, does="wrote an update")
def new_update(slug: str) -> ResponseReturnValue:
    """An empty form; saved, it becomes an update of its own address."""
    stored = read_campaign(here().engine, slug)
    return _edit(stored, None, UpdateForm())


@bp.route(_UPDATE, methods=["GET", "POST"])
@needs(Permission.SEND_UPDATES, does="changed an update")
def update(slug: str, number: int) -> ResponseReturnValue:
    """A draft with its form and buttons; what was sent, with what became of it."""
    stored = read_campaign(here().engine, slug)
    found = update_view.read_update(here().engine, stored.id, number)
    if found.state is UpdateState.SENT and request.method == "GET":
        return _framing(render_template("admin/update_sent.html", stored=stored, update=found, as_of=now()))
    words = found.words
    return _edit(stored, found, UpdateForm(organization=words.organization, subject=words.subject, body=words.body))


@bp.get(f"{_UPDATE}/email")
@needs(Permission.SEND_UPDATES)
def update_email(slug: str, number: int) -> Response:
    """The email as a mail reader would get it, under a policy that lets it do nothing."""
    stored = read_campaign(here().engine, slug)
    words = update_view.read_update(here().engine, stored.id, number).words
    response = make_response(render_update(here().settings, stored.campaign, words).html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@bp.route(f"{_UPDATE}/send", methods=["GET", "POST"])
@needs(Permission.SEND_UPDATES, does="sent an update")
def send_update(slug: str, number: int) -> ResponseReturnValue:
    """Says who will get it, then sends it; pressed again, it changes nothing."""
    stored = read_campaign(here().engine, slug)
    form = SendForm()
    if form.validate_on_submit():
        people = service.send_update(
            here().engine, here().ring, stored, number, mark=form.mark.data or "", actor=organizer().actor
        )
        sent = update_view.read_update(here().engine, stored.id, number).mailing
        if sent and sent.is_running:
            flash("The emails are being prepared.", "good")
        else:
            flash(f"On its way to {people:,} {'person' if people == 1 else 'people'}.", "good")
        return redirect(url_for("admin.update", slug=slug, number=number), 303)
    found = update_view.read_update(here().engine, stored.id, number)
    if found.state is UpdateState.SENT:
        return redirect(url_for("admin.update", slug=slug, number=number), 303)
    update_view.require_tested(found)
    audience = update_view.count_audience(here().engine, stored, found.words.organization)
    return _framing(render_template("admin/update_send.html", stored=stored, update=found, audience=audience))


@bp.route(f"{_UPDATE}/stop", methods=["GET", "POST"])
@needs(Permission.SEND_UPDATES, does="stopped an update")
def stop_update(slug: str, number: int) -> ResponseReturnValue:
    """Asks first, then ends an update whose emails are still being prepared."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        service.stop_update(here().engine, stored, number, actor=organizer().actor)
        flash("The update is stopped.", "good")
        return redirect(url_for("admin.update", slug=slug, number=number), 303)
    found = update_view.read_update(here().engine, stored.id, number)
    if not found.mailing or not found.mailing.is_running:
        return redirect(url_for("admin.update", slug=slug, number=number), 303)
    return render_template("admin/update_stop.html", stored=stored, update=found)


@bp.route(f"{_UPDATE}/delete", methods=["GET", "POST"])
@needs(Permission.SEND_UPDATES, does="deleted a draft of an update")
def delete_update(slug: str, number: int) -> ResponseReturnValue:
    """Asks first, then throws a draft away."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        service.delete_update(here().engine, stored, number)
        flash("The draft is deleted.", "good")
        return redirect(url_for("admin.updates", slug=slug), 303)
    found = update_view.read_update(here().engine, stored.id, number)
    update_view.require_unsent(found)
    return render_template("admin/update_delete.html", stored=stored, update=found)


def _edit(stored: StoredCampaign, found: Update | None, form: UpdateForm) -> ResponseReturnValue:
    errors: dict[str, str] = {}
    if form.validate_on_submit():
        try:
            return _act(stored, found, form)
        except InputError as error:
            errors = error.fields
    page = render_template(
        "admin/update_edit.html",
        stored=stored,
        update=found,
        form=form,
        errors=errors,
        audiences=update_view.count_audiences(here().engine, stored),
        nobody_is_asked=service.NOBODY_IS_ASKED,
    )
    return _framing(page, 422 if errors else 200)


def _act(stored: StoredCampaign, found: Update | None, form: UpdateForm) -> ResponseReturnValue:
    """Whatever button was pressed, the words are kept first."""
    slug = stored.campaign.slug
    number = service.save_update(
        here().engine, stored, found.number if found else None, form.words(), actor=organizer().actor
    )
    if form.action.data == "send":
        return redirect(url_for("admin.send_update", slug=slug, number=number), 303)
    if form.action.data == "test":
        _test(stored, number)
    else:
        flash("Saved.", "good")
    return redirect(url_for("admin.update", slug=slug, number=number), 303)


def _test(stored: StoredCampaign, number: int) -> None:
    """The words are saved in any case, so a mail server that refuses them leads to the same page."""
    email = organizer().email
    try:
        transport = send_test(here().engine, here().settings, stored, number, email)
    except NotAllowed as error:
        flash(str(error), "problem")
        return
    where = "It is in the local mailbox" if transport is Transport.MAILBOX else "It is on its way"
    flash(f"The test to {email} was sent. {where}. Read it before you send it to everybody.", "good")


def _framing(page: str, status: int = 200) -> Response:
    """The page may show the email in a frame."""
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = content_policy("frame-src 'self'")
    return response
