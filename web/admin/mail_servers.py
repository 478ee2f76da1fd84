"""The mail servers themselves: the relay's limits, seen ahead, set and set back; and the end of a server's rest."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.integers import parse_integer
from shared.domain.pace_words import forecast_words
from shared.domain.permissions import Permission
from shared.domain.relay_state import MOST_MAX_CONNECTIONS
from shared.domain.relay_words import relay_rate_words, server_words
from shared.domain.transport import MailServer
from shared.errors import InputError
from shared.queue.names import TaskName
from shared.services.delivery.mail_servers import read_relay_limits, set_limits, try_server_now
from web.admin import bp
from web.admin.guard import needs, organizer
from web.admin.pace import FORECAST_LETTERS, typed_rate
from web.context import here
from web.forms.supporter import PlainForm


@bp.route("/delivery/limits", methods=["GET", "POST"])
@needs(Permission.CHANGE_DELIVERY, does="set the limits of the mail relay")
def change_limits() -> ResponseReturnValue:
    """Shows first what the limits mean; the button beside them sets them."""
    before = read_relay_limits(here().engine, here().settings)
    errors: dict[str, str] = {}
    ahead: tuple[int, int | None] | None = None
    try:
        if "max_connections" in request.values:
            ahead = _connections(request.values["max_connections"]), typed_rate(request.values.get("rate", ""))
            if PlainForm().validate_on_submit():
                return _set(*ahead)
    except InputError as error:
        errors = dict(error.fields)
    rate = "" if before.rate_per_hour is None else str(before.rate_per_hour)
    html = render_template(
        "admin/limits.html",
        typed={
            "max_connections": request.values.get("max_connections", str(before.max_connections)),
            "rate": request.values.get("rate", rate),
        },
        ahead=ahead,
        before=before,
        forecast=forecast_words(ahead[1], FORECAST_LETTERS) if ahead else "",
        relay_rate_words=relay_rate_words,
        errors=errors,
    )
    return html, 422 if errors else 200


@bp.post("/delivery/try-server")
@needs(Permission.CHANGE_DELIVERY, does="had a mail server probed at once")
def try_server() -> ResponseReturnValue:
    """The server's rest ends; the next email probes it."""
    if PlainForm().validate_on_submit():
        wanted = request.form.get("server", "")
        server = MailServer(wanted) if wanted in set(MailServer) else MailServer.RELAY
        g.audit_about = server_words(server)
        try_server_now(here().engine, server, actor=organizer().actor)
        for task in (TaskName.DELIVER_LETTERS, TaskName.RETRY_LETTERS, TaskName.SEND_MAIL):
            here().ring.ring(task)
        flash(f"The next email probes the {server_words(server)}. If it fails, the next pause is longer.", "good")
    return redirect(url_for("admin.delivery"), 303)


def _set(max_connections: int, rate: int | None) -> ResponseReturnValue:
    engine, settings = here().engine, here().settings
    before = read_relay_limits(engine, settings)
    set_limits(engine, settings, max_connections=max_connections, rate_per_hour=rate, actor=organizer().actor)
    g.audit_about = f"{max_connections} connections, {relay_rate_words(rate)}"
    were = f"{before.max_connections}-{before.rate_per_hour or 'none'}"
    return redirect(url_for("admin.delivery", limits_were=were, _anchor="servers"), 303)


def _connections(typed: str) -> int:
    """Raises InputError."""
    number = parse_integer(typed.strip(), least=1, most=MOST_MAX_CONNECTIONS)
    if number is None:
        raise InputError({"max_connections": f"Type a whole number from 1 to {MOST_MAX_CONNECTIONS:,}."})
    return number
