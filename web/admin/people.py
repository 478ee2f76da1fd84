"""The people of a campaign: roles, invitations, and the page where an invitation is taken up."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField

from shared.domain.campaigns import StoredCampaign
from shared.domain.permissions import ROLE_WORDS, Permission, Role
from shared.domain.transport import Transport
from shared.errors import InputError, NotAllowed
from shared.services import people as service
from shared.services.campaigns import read_campaign
from shared.services.organizers import PASSWORD_MIN
from shared.services.people_mail import send_invitation
from web.admin import ROW_ID, bp
from web.admin.guard import begin_session, known_organizer, needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

_PERSON = f"/campaigns/<slug>/people/<{ROW_ID}:organizer_id>"
_ROLES = [role.value for role in Role]


class InviteForm(FlaskForm):
    """Whom to invite, and as what."""

    email = StringField()
    role = SelectField(choices=_ROLES, default=Role.ORGANIZER.value)


class RoleForm(FlaskForm):
    """What a member may do."""

    role = SelectField(choices=_ROLES)


class JoinForm(FlaskForm):
    """A name for the others, a password for oneself."""

    name = StringField()
    password = PasswordField()


@bp.route("/campaigns/<slug>/people", methods=["GET", "POST"])
@needs(Permission.MANAGE_PEOPLE, does="invited somebody")
def people(slug: str) -> ResponseReturnValue:
    """Who may do what here; invites by email."""
    stored = read_campaign(here().engine, slug)
    form, errors = InviteForm(), {}
    if form.validate_on_submit():
        try:
            _invite(stored, form.email.data or "", Role(form.role.data))
            return redirect(url_for("admin.people", slug=slug), 303)
        except InputError as error:
            errors = error.fields
    page = render_template(
        "admin/people.html",
        stored=stored,
        members=service.list_members(here().engine, stored.id),
        invited=service.list_invited(here().engine, stored.id),
        roles=ROLE_WORDS,
        form=form,
        errors=errors,
    )
    return page, 422 if errors else 200


@bp.post(f"/campaigns/<slug>/invitations/<{ROW_ID}:invitation_id>/withdraw")
@needs(Permission.MANAGE_PEOPLE, does="withdrew an invitation")
def withdraw_invitation(slug: str, invitation_id: int) -> ResponseReturnValue:
    """The link is worth nothing any more; inviting again undoes it."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        email = service.withdraw_invitation(here().engine, stored.id, invitation_id)
        g.audit_about = email
        flash(f"The invitation to {email} is withdrawn. Its link does not work any more.", "good")
    return redirect(url_for("admin.people", slug=slug), 303)


@bp.post(f"{_PERSON}/role")
@needs(Permission.MANAGE_PEOPLE, does="changed a role")
def change_role(slug: str, organizer_id: int) -> ResponseReturnValue:
    """Counts from the person's next page on."""
    stored, form = read_campaign(here().engine, slug), RoleForm()
    if form.validate_on_submit():
        role = Role(form.role.data)
        email = service.change_role(here().engine, stored.id, organizer_id, role)
        g.audit_about = f"{email}: {role}"
        flash(f"{email} is now {_a(role)} of this campaign.", "good")
    return _back(slug)


@bp.route(f"{_PERSON}/remove", methods=["GET", "POST"])
@needs(Permission.MANAGE_PEOPLE, does="removed somebody")
def remove_member(slug: str, organizer_id: int) -> ResponseReturnValue:
    """Asks first; their account stays, and other campaigns too."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        email = service.remove_member(here().engine, stored.id, organizer_id)
        g.audit_about = email
        flash(f"{email} sees nothing of this campaign any more. Invite them again to undo that.", "good")
        return _back(slug)
    member = next(
        (one for one in service.list_members(here().engine, stored.id) if one.organizer_id == organizer_id), None
    )
    if member is None:
        raise NotAllowed("This person is not a member of the campaign any more.")
    return render_template("admin/person_remove.html", stored=stored, member=member)


@bp.route("/join/<secret>", methods=["GET", "POST"])
def join(secret: str) -> ResponseReturnValue:
    """Takes up an invitation: with a new account, or signed in to one's own. Opening it changes nothing."""
    offer = service.read_offer(here().engine, secret)
    form, errors = JoinForm(), {}
    signed_in = known_organizer()
    if form.validate_on_submit():
        try:
            if offer.has_account:
                if signed_in is None:
                    return redirect(url_for("admin.sign_in", next=request.path), 303)
                service.join_signed_in(here().engine, secret, signed_in)
            else:
                name, password = form.name.data or "", form.password.data or ""
                begin_session(service.join(here().engine, secret, name=name, password=password))
            flash(f"Welcome. You are {_a(offer.role)} of this campaign.", "good")
            return redirect(url_for("admin.campaign", slug=offer.slug), 303)
        except InputError as error:
            errors = error.fields
    page = render_template(
        "admin/join.html",
        offer=offer,
        role=ROLE_WORDS[offer.role],
        signed_in=signed_in,
        form=form,
        errors=errors,
        least=PASSWORD_MIN,
    )
    return page, 422 if errors else 200


def _invite(stored: StoredCampaign, typed: str, role: Role) -> None:
    """The invitation is kept even if its email is refused: it can be sent again."""
    email, secret = service.invite_member(here().engine, stored.id, typed, role)
    g.audit_about = f"{email}: {role}"
    link = here().settings.public_url.rstrip("/") + url_for("admin.join", secret=secret)
    try:
        way = send_invitation(here().settings, stored.campaign, organizer(), email, role, link)
    except NotAllowed as error:
        flash(f"{error} Press “Send again” in the list to try once more.", "problem")
        return
    where = "Its email is in the local mailbox" if way is Transport.MAILBOX else "The email is on its way"
    flash(f"{email} is invited. {where}; the link in it works once, for a week.", "good")


def _back(slug: str) -> ResponseReturnValue:
    """To the list, unless the person has just taken their own right to see it."""
    return redirect(url_for("admin.people", slug=slug), 303)


def _a(role: Role) -> str:
    return "a viewer" if role is Role.VIEWER else f"an {role}"
