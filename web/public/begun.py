"""From another website's form to the letter page, without losing the letters that this browser already has.

With a form that another site posts the browser sends no cookie of ours, so an answer that set one would overwrite what
is there. The answer leads here instead, and with this request the cookie comes.
"""

from flask import Response, make_response, render_template, request, url_for

from shared.domain.identities import draft_key, is_draft_key
from shared.domain.languages import html_tag
from shared.domain.phrases import phrase
from shared.errors import NotFound
from shared.rendering.speech import spoken
from shared.services.campaigns import read_campaign
from shared.services.sharing import link_in
from web.context import here
from web.forms.supporter import SupporterForm
from web.public import bp
from web.public.drafts import read_visible, require_visible
from web.public.my_letters import onward
from web.security import FRAMED_POLICY, keep_private


def comes_as_a_page() -> bool:
    """True for a form that a person posts; scripts and frames of other sites that post behind their back are not."""
    mode, goal = _fetch_metadata()
    return mode in ("navigate", None) and goal in ("document", None)


def comes_in_a_frame() -> bool:
    """True for a form that stands in a frame of another website, where nothing can begin."""
    mode, goal = _fetch_metadata()
    return mode == "navigate" and goal in ("iframe", "frame")


def framed_page(slug: str, form: SupporterForm) -> Response:
    """What was typed in a frame of another website, with a button that goes on in the whole window.

    Only this page opens in frames. The button does no more than a form that the other website could show itself.
    """
    stored = read_campaign(here().engine, slug)
    require_visible(stored)
    campaign = stored.campaign
    link = link_in(campaign, here().given.public_url, "", spoken())
    response = make_response(render_template("framed.html", campaign=campaign, form=form, link=link), 403)
    response.headers["Content-Security-Policy"] = FRAMED_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def _fetch_metadata() -> tuple[str | None, str | None]:
    return request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest")


def begun_link(token: str) -> str:
    """Where the answer to another site's form leads."""
    key = draft_key(here().settings.secret_key, token)
    return url_for("public.begun", token=token, key=key, lang=html_tag(spoken()))


@bp.get("/begun/<token>/<key>")
def begun(token: str, key: str) -> Response:
    """This browser began the draft. Unlike the link in an email this proves nothing about the email address."""
    view = read_visible(token) if _is_ours(token, key) else None
    if view is None or view.accepted_at is not None:
        raise NotFound(phrase("This link is not valid any more. Fill in the form once more."))
    return keep_private(onward(view.stored.campaign.slug, token, view.email))


def _is_ours(token: str, key: str) -> bool:
    return is_draft_key(here().settings.secret_key, token, key)
