"""The sender domain: what DNS says about it, what to create, and going on in spite of it."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.domain.pace_words import time_words
from shared.domain.permissions import Permission
from shared.domain.sender_domain import Light, faults_mark
from shared.errors import InputError
from shared.services import sender_domain as service
from web.admin import bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

# Icon, color and word of each light.
_LIGHTS = {
    Light.GREEN: ("okc", "cd", "Good"),
    Light.AMBER: ("warn", "cb", "Works, could be better"),
    Light.RED: ("x", "cf", "To mend"),
    Light.SILENT: ("clock", "cl", "No answer"),
}
_SAID = {
    Light.GREEN: "All records are as receivers want them.",
    Light.AMBER: "The records work. Some could be better.",
    Light.RED: "Some things keep letters from arriving, or bounces from coming back. See below for what to do.",
    Light.SILENT: "DNS did not answer everything. Check again.",
}


@bp.get("/delivery/domain")
@needs(Permission.SEE_INSTALLATION)
def sender_domain() -> str:
    """What the last check found; asks nobody by itself."""
    return _page({})


@bp.post("/delivery/domain/check")
@needs(Permission.CHANGE_DELIVERY, does="checked the sender domain")
def check_sender() -> ResponseReturnValue:
    """Asks DNS and our mail server now, for seconds at most."""
    if PlainForm().validate_on_submit():
        check = service.check_now(here().engine, here().settings, actor=organizer().actor)
        light = check.light or Light.SILENT
        flash(f"DNS was asked. {_SAID[light]}", "good" if light in (Light.GREEN, Light.AMBER) else "problem")
    return redirect(url_for("admin.sender_domain"), 303)


@bp.post("/delivery/domain/selectors")
@needs(Permission.RUN_INSTALLATION, does="named the sender domain's keys")
def name_selectors() -> ResponseReturnValue:
    """Asks DNS at once whether the keys are there."""
    try:
        typed = request.form.get("selectors", "")
        g.audit_about = " ".join(service.name_selectors(here().engine, here().settings, typed, actor=organizer().actor))
    except InputError as error:
        return _page(error.fields), 422
    return check_sender()


@bp.route("/delivery/domain/accept", methods=["GET", "POST"])
@needs(Permission.RUN_INSTALLATION, does="let campaigns go live in spite of the sender domain")
def accept_sender() -> ResponseReturnValue:
    """Says what is missing, then takes it upon the organizer; or takes that back."""
    me, back = organizer(), redirect(url_for("admin.sender_domain"), 303)
    check = service.read_check(here().engine, here().settings)
    if not check.faults:
        flash("There is nothing to go on in spite of.", "good")
        return back
    if not PlainForm().validate_on_submit():
        mark = faults_mark(check.findings)
        return render_template("admin/sender_accept.html", check=check, mark=mark, lights=_LIGHTS)
    if request.form.get("action") == "withdraw":
        service.withdraw_acceptance(here().engine, here().settings, actor=me.actor)
        flash("Taken back. Campaigns go live when the records are mended.", "good")
    else:
        mark, who = request.form.get("mark", ""), me.name or me.email
        service.accept_faults(here().engine, here().settings, mark, actor=me.actor, who=who)
        flash("Campaigns can go live in spite of this. Another fault asks again.", "good")
    return back


def _page(errors: dict[str, str]) -> str:
    check = service.read_check(here().engine, here().settings)
    return render_template(
        "admin/sender_domain.html",
        check=check,
        lights=_LIGHTS,
        said=_SAID[check.light] if check.light else "",
        age=time_words((now() - check.checked_at).total_seconds()) if check.checked_at else "",
        typed=request.form.get("selectors", " ".join(check.selectors)),
        has_relay=here().settings.relay_configured,
        errors=errors,
    )
