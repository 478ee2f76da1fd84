"""Signing in and out, and choosing a password."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from shared.domain.identities import source_hash
from shared.services import organizers
from shared.services.organizers import PASSWORD_MIN
from web.admin import bp
from web.admin.guard import begin_session, organizer
from web.client_address import client_address
from web.context import here
from web.public.owned import forget_all_else


class SignInForm(FlaskForm):
    """Email and password, or the one-time password that the command printed."""

    email = StringField(validators=[InputRequired()])
    password = PasswordField(validators=[InputRequired()])


class PasswordForm(FlaskForm):
    """A new password."""

    password = PasswordField(validators=[InputRequired()])


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """One answer for every failure: who is an organizer here is nobody's business."""
    form = SignInForm()
    if form.validate_on_submit():
        found = organizers.sign_in(here().engine, form.email.data or "", form.password.data or "", source=_source())
        if found is not None:
            begin_session(found)
            return redirect(_safe_next(), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("admin/sign_in.html", form=form, failed=status != 200), status  # noqa: PLR2004 - HTTP OK


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Ends this organizer's sessions, so that a copied cookie is worth nothing; a supporter's own letters stay."""
    organizers.end_sessions(here().engine, organizer().id)
    forget_all_else()
    flash("You are signed out, in all other browsers too.", "good")
    return redirect(url_for("admin.sign_in"), 303)


@bp.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Chooses a password; every other session of this organizer ends."""
    form = PasswordForm()
    if form.validate_on_submit():
        begin_session(organizers.set_password(here().engine, organizer().id, form.password.data or ""))
        flash("Your password is set. Other browsers were signed out.", "good")
        return redirect(url_for("admin.overview"), 303)
    return render_template("admin/password.html", form=form, least=PASSWORD_MIN)


def _source() -> str:
    return source_hash(here().settings.secret_key, client_address())


def _safe_next() -> str:
    """Back to the page that was asked for and what was searched there, within these pages only."""
    wanted = request.args.get("next", "")
    home = url_for("admin.overview")
    path = wanted.partition("?")[0]
    is_ours = path.startswith(home) and "//" not in path and "\\" not in path and wanted.isprintable()
    return wanted if is_ours else home
