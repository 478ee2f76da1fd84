"""Which of our emails somebody gets: the unsubscribe link and the preference page. Opening a page changes nothing.

Mail readers post by themselves, without cookies (RFC 8058).
"""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.consents import CONSENT_PROMISE, consent_sender
from shared.services.preferences import (
    read_preferences,
    read_subscription,
    save_preferences,
    subscribe_again,
    unsubscribe,
)
from web.context import here
from web.mail_links import bp
from web.security import keep_private


@bp.get("/unsubscribe/<key>")
def ask_unsubscribe(key: str) -> Response:
    """Asks; programs that follow every link of an email must not unsubscribe anybody."""
    return _page(key)


@bp.post("/unsubscribe/<key>")
def do_unsubscribe(key: str) -> Response:
    """Done at once, without a redirect, which mail readers do not follow."""
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    unsubscribe(here().engine, here().settings, key, source="one click" if one_click else "unsubscribe page")
    return _page(key)


@bp.post("/unsubscribe/<key>/undo")
def undo_unsubscribe(key: str) -> ResponseReturnValue:
    """Takes it back."""
    subscribe_again(here().engine, here().settings, key)
    return redirect(url_for("mail_links.ask_unsubscribe", key=key), 303)


@bp.get("/preferences/<token>/<key>")
def preferences(token: str, key: str) -> Response:
    """What the supporter gets from us, and from whom."""
    view = read_preferences(here().engine, here().settings, token, key)
    html = render_template(
        "preferences.html",
        view=view,
        campaign=view.stored.campaign,
        action=url_for("mail_links.change_preferences", token=token, key=key),
        is_saved="saved" in request.args,
        consent_promise=CONSENT_PROMISE,
        consent_sender=consent_sender,
    )
    return keep_private(make_response(html))


@bp.post("/preferences/<token>/<key>")
def change_preferences(token: str, key: str) -> ResponseReturnValue:
    """Keeps exactly what is ticked."""
    save_preferences(
        here().engine,
        here().settings,
        token,
        key,
        gets_emails="emails" in request.form,
        organizations=set(request.form.getlist("organizations")),
    )
    return redirect(url_for("mail_links.preferences", token=token, key=key, saved=1), 303)


def _page(key: str) -> Response:
    subscription = read_subscription(here().engine, here().settings, key)
    html = render_template(
        "unsubscribe.html", is_over=subscription.is_over, campaign=subscription.stored.campaign, key=key
    )
    return keep_private(make_response(html))
