"""From another website's form to the letter page, without losing the letters that this browser already has.

With a form that another site posts the browser sends no cookie of ours, so an answer that set one would overwrite what
is there. The answer leads here instead, and with this request the cookie comes.
"""

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.identities import draft_key, is_draft_key
from shared.errors import NotFound
from shared.services.submission_view import read_submission
from web.context import here
from web.public import bp
from web.public.owned import own
from web.security import keep_private

_BROKEN = "This link is not complete. Fill in the form once more."


def comes_as_a_page() -> bool:
    """True for a form that a person posts; a script of another site that posts behind their back is refused."""
    headers = request.headers
    return (
        headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and headers.get("Sec-Fetch-Dest", "document") == "document"
    )


def begun_link(token: str) -> str:
    """Where the answer to another site's form leads."""
    return url_for("public.begun", token=token, key=draft_key(here().settings.secret_key, token))


@bp.get("/begun/<token>/<key>")
def begun(token: str, key: str) -> ResponseReturnValue:
    """This browser began the draft. Unlike the link in an email this proves nothing about the email address."""
    if not is_draft_key(here().settings.secret_key, token, key):
        raise NotFound(_BROKEN)
    view = read_submission(here().engine, here().settings, token)
    if view.accepted_at is None:
        own(token)
    onward = redirect(url_for("public.letter", slug=view.stored.campaign.slug, token=token), 303)
    return keep_private(make_response(onward))
