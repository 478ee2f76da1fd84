"""The pace of a receiving domain: seen ahead, set, and set back; and the end of a server's rest."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.integers import parse_integer
from shared.domain.pace_words import forecast_words
from shared.domain.permissions import Permission
from shared.errors import InputError, NotAllowed
from shared.queue.names import TaskName
from shared.services.delivery.domains import list_office_domains, mail_domain, read_rate, set_rate, try_now
from web.admin import bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

FORECAST_LETTERS = 10_000
_MOST = 1_000_000


@bp.route("/delivery/pace", methods=["GET", "POST"])
@needs(Permission.CHANGE_DELIVERY, does="set the pace of a domain")
def change_pace() -> ResponseReturnValue:
    """Shows first what a pace means; the button beside it sets it."""
    typed, errors = request.values.get("domain", ""), {}
    rate = None
    try:
        rate = typed_rate(request.values.get("rate", ""))
        if PlainForm().validate_on_submit():
            return _set(typed, rate)
        typed = mail_domain(typed) if typed else ""
    except InputError as error:
        errors = error.fields
    except NotAllowed as error:
        errors = {"domain": str(error)}
    pace, waiting = read_rate(here().engine, here().settings, typed)
    shown = [FORECAST_LETTERS, waiting] if "rate" in request.values and typed and not errors else []
    html = render_template(
        "admin/pace.html",
        domain=typed,
        typed=request.values.get("rate", "" if pace.rate_per_hour is None else str(pace.rate_per_hour)),
        rate=rate,
        before=pace,
        waiting=waiting,
        forecasts=[forecast_words(rate, letters) for letters in shown if letters],
        known=list_office_domains(here().engine),
        errors=errors,
    )
    return html, 422 if errors else 200


@bp.post("/delivery/try")
@needs(Permission.CHANGE_DELIVERY, does="had a domain tried again at once")
def try_domain() -> ResponseReturnValue:
    """The server's rest ends; what is due for it leaves."""
    if PlainForm().validate_on_submit():
        domain = g.audit_about = mail_domain(request.form.get("domain", ""))
        try_now(here().engine, domain, actor=organizer().actor)
        for task in (TaskName.DELIVER_LETTERS, TaskName.RETRY_LETTERS):
            here().ring.ring(task)
        flash(f"{domain} is tried now. If it refuses us again, it is left alone for longer.", "good")
    return redirect(url_for("admin.delivery"), 303)


def _set(typed: str, rate: int | None) -> ResponseReturnValue:
    domain = mail_domain(typed)
    before, _ = read_rate(here().engine, here().settings, domain)
    set_rate(here().engine, domain, rate, actor=organizer().actor)
    g.audit_about = f"{domain}: {f'{rate:,} an hour' if rate else 'no limit'}"
    was = before.rate_per_hour or "none"
    return redirect(url_for("admin.delivery", changed=domain, was=was, _anchor="domains"), 303)


def typed_rate(typed: str) -> int | None:
    """Empty or `none` for no limit; raises InputError."""
    text = typed.strip().replace(",", "")
    if text in ("", "none"):
        return None
    rate = parse_integer(text, least=1, most=_MOST)
    if rate is None:
        raise InputError({"rate": f"Type a whole number from 1 to {_MOST:,}, or nothing for no limit."})
    return rate
