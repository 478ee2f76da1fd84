"""From another website's form to the letter page, without losing the letters that this browser already has.

With a form that another site posts the browser sends no cookie of ours, so an answer that set one would overwrite what
is there. The answer leads here instead, and with this request the cookie comes.
"""

from flask import Response, request, url_for

from shared.domain.identities import draft_key, is_draft_key
from shared.domain.languages import html_tag
from shared.domain.phrases import phrase
from shared.errors import NotFound
from shared.rendering.speech import spoken
from shared.services.submission_view import read_submission
from web.context import here
from web.public import bp
from web.public.my_letters import onward
from web.security import keep_private


def comes_as_a_page() -> bool:
    """True for a form that a person posts; scripts and frames of other sites that post behind their back are not."""
    mode, goal = (request.headers.get(f"Sec-Fetch-{name}") for name in ("Mode", "Dest"))
    return mode in ("navigate", None) and goal in ("document", None)


def begun_link(token: str) -> str:
    """Where the answer to another site's form leads."""
    key = draft_key(here().settings.secret_key, token)
    return url_for("public.begun", token=token, key=key, lang=html_tag(spoken()))


@bp.get("/begun/<token>/<key>")
def begun(token: str, key: str) -> Response:
    """This browser began the draft. Unlike the link in an email this proves nothing about the email address."""
    view = read_submission(here().engine, here().settings, token) if _is_ours(token, key) else None
    if view is None or view.accepted_at is not None:
        raise NotFound(phrase("This link is not valid any more. Fill in the form once more."))
    return keep_private(onward(view.stored.campaign.slug, token, view.email))


def _is_ours(token: str, key: str) -> bool:
    return is_draft_key(here().settings.secret_key, token, key)
