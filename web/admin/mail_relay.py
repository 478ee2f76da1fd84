"""The mail relay: which one is used, whether it works, and entering one where the environment names none."""

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.domain.permissions import Permission
from shared.domain.relay_services import service_of
from shared.domain.relays import SECURITY_WORDS, USUAL_PORTS, Relay, Security
from shared.domain.transport import Transport
from shared.errors import InputError, NotAllowed
from shared.services.mail_at_once import try_server
from shared.services.relay import RelayInUse, consequences, relay_in_use, remove_relay, save_relay, typed_relay
from shared.services.test_mail import send_relay_test
from web.admin import bp
from web.admin.account import require_password
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

_FIELDS = ("host", "port", "security", "username")


@bp.get("/delivery/relay")
@needs(Permission.SEE_INSTALLATION)
def mail_relay() -> str:
    """Host, port and user, where they come from; never the password."""
    in_use = _in_use()
    service = service_of(in_use.relay.host) if in_use.relay else None
    return render_template("admin/relay.html", in_use=in_use, service=service, me=organizer().email)


@bp.route("/delivery/relay/change", methods=["GET", "POST"])
@needs(Permission.RUN_INSTALLATION, does="changed the mail relay")
def change_relay() -> ResponseReturnValue:
    """Saved when it answers, or when somebody insists; both passwords are typed for it."""
    in_use, errors, problem = _in_use(), {}, ""
    if in_use.is_environments:
        raise NotAllowed("The mail relay is set by DEARREP_MAIL_RELAY_URL, which goes before the console.")
    typed = _typed(in_use.relay)
    if PlainForm().validate_on_submit():
        typed = {name: request.form.get(name, "") for name in _FIELDS}
        try:
            return _save()
        except InputError as error:
            errors = error.fields
        except NotAllowed as error:
            problem = str(error)
    html = render_template(
        "admin/relay_change.html",
        in_use=in_use,
        typed=typed,
        errors=errors,
        problem=problem,
        security_words=SECURITY_WORDS,
        concerns=consequences(here().engine),
        one_time=session.get("one_time"),
    )
    return html, 422 if errors or problem else 200


@bp.route("/delivery/relay/remove", methods=["GET", "POST"])
@needs(Permission.RUN_INSTALLATION, does="removed the mail relay")
def take_relay_away() -> ResponseReturnValue:
    """Asks first, and says what happens to letters."""
    in_use, errors = _in_use(), {}
    if in_use.relay is None or in_use.is_environments:
        raise NotAllowed("There is no mail relay that could be removed here.")
    if PlainForm().validate_on_submit():
        try:
            require_password(request.form.get("current", ""))
            remove_relay(here().engine, here().given, actor=organizer().actor)
            here().relay.forget()
            g.audit_about = in_use.relay.host
            flash("The mail relay is removed. Nothing leaves this machine any more.", "good")
            return redirect(url_for("admin.mail_relay"), 303)
        except InputError as error:
            errors = error.fields
    html = render_template(
        "admin/relay_remove.html", relay=in_use.relay, errors=errors, concerns=consequences(here().engine)
    )
    return html, 422 if errors else 200


@bp.post("/delivery/relay/check")
@needs(Permission.CHANGE_DELIVERY, does="checked the connection to the mail relay")
def check_relay() -> ResponseReturnValue:
    """Connects, with TLS and sign-in; sends nothing."""
    relay = _in_use().relay
    if relay is None:
        raise NotAllowed("There is no mail relay to connect to.")
    if PlainForm().validate_on_submit():
        try:
            flash(_went_well(relay, try_server(here().settings, relay.url)), "good")
        except NotAllowed as error:
            flash(f"{relay.host}: {error}", "problem")
    return redirect(url_for("admin.mail_relay"), 303)


@bp.post("/delivery/relay/test")
@needs(Permission.CHANGE_DELIVERY, does="sent a test through the mail relay")
def test_relay() -> ResponseReturnValue:
    """A short email to the organizer's own address."""
    me = organizer()
    if PlainForm().validate_on_submit():
        try:
            way, answer = send_relay_test(here().engine, here().settings, me.email)
        except NotAllowed as error:
            flash(str(error), "problem")
        else:
            taken = f"The server took the test to {me.email} and answered: {answer}"
            local = "There is no mail relay, so the test is in the local mailbox of this machine."
            flash(local if way is Transport.MAILBOX else f"{taken}. Look whether it arrives, and not as spam.", "good")
    return redirect(url_for("admin.mail_relay"), 303)


def _save() -> ResponseReturnValue:
    relay = typed_relay(here().engine, here().given, request.form)
    require_password(request.form.get("current", ""))
    said = ""
    if request.form.get("action") != "anyway":
        said = _went_well(relay, try_server(here().given, relay.url))
    save_relay(here().engine, here().given, relay, actor=organizer().actor)
    here().relay.forget()
    g.audit_about = f"{relay.host}:{relay.port}"
    flash(f"The mail relay is saved, and used within seconds. {said}".rstrip(), "good")
    return redirect(url_for("admin.mail_relay"), 303)


def _went_well(relay: Relay, tls: str) -> str:
    secret = f"the connection is secret ({tls})" if tls else "the connection is not secret"
    known = f", it knows the user {relay.username}" if relay.username else ", without sign-in"
    return f"{relay.host} answers: {secret}{known}. Nothing was sent."


def _in_use() -> RelayInUse:
    return relay_in_use(here().engine, here().given)


def _typed(relay: Relay | None) -> dict[str, str]:
    if relay is None:
        return {"host": "", "port": str(USUAL_PORTS[Security.STARTTLS]), "security": Security.STARTTLS, "username": ""}
    return {name: str(getattr(relay, name)) for name in _FIELDS}
