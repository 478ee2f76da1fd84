"""After Send: where each letter is, in true words; undo while there is time. A copied link shows states only."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.consents import CONSENT_PROMISE, consent_sender
from shared.domain.phrases import phrase
from shared.domain.states import END_STATES, SubmissionState
from shared.errors import NotFound
from shared.services.campaigns import OPEN_STATES
from shared.services.preferences import agree_to_emails, read_offers
from shared.services.submission_view import SubmissionView, preview_letters
from shared.services.submissions import send_now, undo_submission
from web.context import here
from web.forms.supporter import PlainForm
from web.public import bp
from web.public.drafts import read_visible
from web.public.owned import is_owned
from web.security import keep_private


@bp.get("/s/<token>")
def status(token: str) -> ResponseReturnValue:
    """The status page, or with `part` only what changes on it."""
    view = read_visible(token)
    if view.accepted_at is None:
        return redirect(url_for("public.letter", slug=view.stored.campaign.slug, token=token), 303)
    owned = is_owned(token) and not view.is_erased
    is_part = "part" in request.args
    template = "status_parts.html" if is_part else "status.html"
    html = render_template(
        template,
        view=view,
        campaign=view.stored.campaign,
        owned=owned,
        is_open=view.stored.state in OPEN_STATES,
        settled=is_settled(view),
        previews=preview_letters(view) if owned and not is_part else (),
        offers=read_offers(here().engine, token, view.stored.campaign) if owned and not is_part else {},
        consent_promise=CONSENT_PROMISE,
        consent_sender=consent_sender,
    )
    return keep_private(make_response(html))


@bp.post("/s/<token>/undo")
def undo(token: str) -> ResponseReturnValue:
    """Takes the letters back; NotAllowed says when it is too late."""
    require_owner(token)
    undo_submission(here().engine, token)
    return redirect(url_for("public.status", token=token), 303)


@bp.post("/s/<token>/now")
def now(token: str) -> ResponseReturnValue:
    """Does not wait for the end of the time for undo."""
    require_owner(token)
    send_now(here().engine, here().ring, token)
    return redirect(url_for("public.status", token=token), 303)


@bp.post("/s/<token>/updates")
def updates(token: str) -> ResponseReturnValue:
    """One of the campaign's organizations may write to the supporter."""
    require_owner(token)
    agree_to_emails(here().engine, token, request.form.get("organization", ""))
    return redirect(url_for("public.status", token=token, _anchor="updates"), 303)


def require_owner(token: str) -> None:
    """Raises NotFound unless this browser owns the submission and a form of ours was posted."""
    if not is_owned(token) or not PlainForm().validate_on_submit():
        raise NotFound(phrase("This letter was sent from another browser. Open the link in your email to change it."))


def is_settled(view: SubmissionView) -> bool:
    """True when nothing on the page will change soon, so that polling may stop."""
    if view.state in (SubmissionState.WITHDRAWN, SubmissionState.EXPIRED):
        return True
    return bool(view.letters) and view.undo_until is None and all(line.state in END_STATES for line in view.letters)
