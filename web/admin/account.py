"""One's own account: password, the second step of signing in, the browsers that are signed in."""

import base64

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from shared.domain.permissions import Permission
from shared.domain.totp import app_link, key_text
from shared.errors import InputError
from shared.rendering.qr_codes import qr_svg
from shared.services import organizer_sessions, organizers, two_steps
from shared.services.organizers import PASSWORD_MIN
from web.admin import ROW_ID, bp
from web.admin.guard import begin_session, needs, organizer, session_number
from web.admin.sign_in import source
from web.context import here
from web.forms.supporter import PlainForm

_WRONG_PASSWORD = "This is not your password, or there were too many tries. Wait 15 minutes, then try again."  # noqa: S105


class PasswordForm(FlaskForm):
    """A new password, and the one that it replaces."""

    current = PasswordField()
    password = PasswordField(validators=[InputRequired()])


class CodeForm(FlaskForm):
    """A code of the app."""

    code = StringField()


class CurrentForm(FlaskForm):
    """One's password, asked again."""

    current = PasswordField()


@bp.get("/account")
@needs(Permission.OWN_ACCOUNT)
def account() -> str:
    """What one can do about one's own sign-in."""
    return render_template(
        "admin/account.html",
        steps=two_steps.read_two_steps(here().engine, organizer().id),
        sessions=organizer_sessions.list_sessions(here().engine, organizer().id),
        this=session_number(),
    )


@bp.route("/password", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT, does="chose a password")
def password() -> ResponseReturnValue:
    """Chooses a password; every other session of this organizer ends. A one-time password need not be typed again."""
    form, errors = PasswordForm(), {}
    asks = not session.get("one_time")
    if form.validate_on_submit():
        try:
            if asks:
                require_password(form.current.data or "")
            begin_session(organizers.set_password(here().engine, organizer().id, form.password.data or ""))
            flash("Your password is set. Other browsers were signed out.", "good")
            return redirect(url_for("admin.account"), 303)
        except InputError as error:
            errors = error.fields
    page = render_template("admin/password.html", asks=asks, errors=errors, least=PASSWORD_MIN)
    return page, 422 if errors else 200


@bp.route("/account/two-steps", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT, does="switched two-step sign-in on")
def set_up_two_steps() -> ResponseReturnValue:
    """The key for the app, as a picture and in letters; a code of it switches the second step on."""
    form, errors = CodeForm(), {}
    secret_key = here().settings.secret_key
    if form.validate_on_submit():
        try:
            codes = two_steps.switch_on(here().engine, secret_key, organizer().id, form.code.data or "")
            return render_template("admin/recovery_codes.html", codes=codes, is_new=True)
        except InputError as error:
            errors = error.fields
    key = two_steps.offer_key(here().engine, secret_key, organizer().id)
    picture = base64.b64encode(qr_svg(app_link(key, organizer().email))).decode()
    page = render_template("admin/two_steps.html", picture=picture, key=key_text(key), errors=errors)
    return page, 422 if errors else 200


@bp.route("/account/two-steps/off", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT, does="switched two-step sign-in off")
def switch_off_two_steps() -> ResponseReturnValue:
    """Asks for the password, so that a borrowed computer can't."""
    return _confirmed("off")


@bp.route("/account/recovery-codes", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT, does="made new recovery codes")
def recovery_codes() -> ResponseReturnValue:
    """New ones, shown this once."""
    return _confirmed("codes")


@bp.post(f"/account/sessions/<{ROW_ID}:number>/end")
@needs(Permission.OWN_ACCOUNT, does="ended a session of their own")
def end_session(number: int) -> ResponseReturnValue:
    """That browser has to sign in again."""
    if PlainForm().validate_on_submit():
        organizer_sessions.end_session(here().engine, organizer().id, number)
        flash("That browser is signed out.", "good")
    return redirect(url_for("admin.account"), 303)


@bp.post("/account/sessions/end-others")
@needs(Permission.OWN_ACCOUNT, does="ended all other sessions of their own")
def end_other_sessions() -> ResponseReturnValue:
    """Every browser but this one has to sign in again."""
    if PlainForm().validate_on_submit():
        ended = organizer_sessions.end_other_sessions(here().engine, organizer().id, session_number())
        flash(f"{ended} {'browser is' if ended == 1 else 'browsers are'} signed out; this one is not.", "good")
    return redirect(url_for("admin.account"), 303)


def _confirmed(what: str) -> ResponseReturnValue:
    form, errors = CurrentForm(), {}
    if form.validate_on_submit():
        try:
            require_password(form.current.data or "")
            return _renew_codes() if what == "codes" else _switch_off()
        except InputError as error:
            errors = error.fields
    page = render_template("admin/confirm_password.html", what=what, errors=errors)
    return page, 422 if errors else 200


def _switch_off() -> ResponseReturnValue:
    two_steps.switch_off(here().engine, organizer().id)
    flash("Your sign-in has one step now: the password alone.", "good")
    return redirect(url_for("admin.account"), 303)


def _renew_codes() -> ResponseReturnValue:
    codes = two_steps.renew_codes(here().engine, organizer().id)
    return render_template("admin/recovery_codes.html", codes=codes, is_new=False)


def require_password(typed: str) -> None:
    """Raises InputError for the field `current` when it is not the organizer's own password."""
    if not organizers.knows_password(here().engine, organizer().id, typed, source=source()):
        raise InputError({"current": _WRONG_PASSWORD})
