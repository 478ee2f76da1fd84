"""Signing in, in one step or two, and out."""

from dataclasses import replace
from datetime import timedelta

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from shared.clock import now
from shared.domain.identities import source_hash
from shared.domain.permissions import Permission
from shared.services import organizers
from web.admin import bp
from web.admin.guard import begin_session, needs, organizer
from web.client_address import client_address
from web.context import here
from web.public.owned import forget_all_else

_AWAITED = "awaits_code"
_CODE_WITHIN = timedelta(minutes=10)


class SignInForm(FlaskForm):
    """Email and password, or the one-time password that the command printed."""

    email = StringField(validators=[InputRequired()])
    password = PasswordField(validators=[InputRequired()])


class CodeForm(FlaskForm):
    """The second step."""

    code = StringField(validators=[InputRequired()])


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """One answer for every failure: who is an organizer here is nobody's business."""
    form = SignInForm()
    if form.validate_on_submit():
        found = organizers.sign_in(here().engine, form.email.data or "", form.password.data or "", source=source())
        if found is not None and found.needs_code:
            session[_AWAITED] = [found.id, found.session_epoch, found.used_one_time, int(now().timestamp())]
            return redirect(url_for("admin.sign_in_code", next=request.args.get("next")), 303)
        if found is not None:
            begin_session(found)
            return redirect(_safe_next(), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("admin/sign_in.html", form=form, failed=status != 200), status  # noqa: PLR2004 - HTTP OK


@bp.route("/sign-in/code", methods=["GET", "POST"])
def sign_in_code() -> ResponseReturnValue:
    """The second step, for some minutes after the first."""
    organizer_id, epoch, used_one_time, passed_at = session.get(_AWAITED) or (0, 0, False, 0)
    if int(now().timestamp()) - passed_at > _CODE_WITHIN.total_seconds():
        return redirect(url_for("admin.sign_in", next=request.args.get("next")), 303)
    form = CodeForm()
    if form.validate_on_submit():
        found = organizers.sign_in_with_code(
            here().engine, here().settings.secret_key, organizer_id, epoch, form.code.data or "", source=source()
        )
        if found is not None:
            begin_session(replace(found, used_one_time=used_one_time))
            return redirect(_safe_next(), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("admin/sign_in_code.html", failed=status != 200), status  # noqa: PLR2004 - HTTP OK


@bp.post("/sign-out")
@needs(Permission.OWN_ACCOUNT, does="signed out")
def sign_out() -> ResponseReturnValue:
    """Ends this organizer's sessions, so that a copied cookie is worth nothing; a supporter's own letters stay."""
    organizers.end_sessions(here().engine, organizer().id)
    forget_all_else()
    flash("You are signed out, in all other browsers too.", "good")
    return redirect(url_for("admin.sign_in"), 303)


def source() -> str:
    """Where a try to sign in comes from, as a hash."""
    return source_hash(here().settings.secret_key, client_address())


def _safe_next() -> str:
    """Back to the page that was asked for and what was searched there, within these pages only."""
    wanted = request.args.get("next", "")
    home = url_for("admin.overview")
    path = wanted.partition("?")[0]
    is_ours = path.startswith(home) and "//" not in path and "\\" not in path and wanted.isprintable()
    return wanted if is_ours else home
