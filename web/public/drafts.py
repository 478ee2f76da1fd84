"""Who may open a campaign before it is published: its people who are signed in, and browsers with a preview link.

All other visitors get the answer for an address without a campaign, after the same work.
"""

from flask import Response, g, request, session

from shared.clock import now
from shared.domain.campaigns import StoredCampaign
from shared.domain.letter_words import LETTER_GONE
from shared.domain.permissions import Permission
from shared.domain.phrases import Phrase
from shared.errors import NotFound
from shared.services.campaigns import NO_CAMPAIGN, find_campaign, is_known_published, is_published
from shared.services.organizers import find_session
from shared.services.previews import opens_preview, preview_hash
from shared.services.submission_view import SubmissionView, read_submission
from web.context import here
from web.organizer_session import read_session
from web.public import bp
from web.security import keep_private

# Hashes of the preview links that this browser opened, newest first.
_KEY = "previews"
_KEEP = 5
# It opens the campaign that the other pages ask for.
_OPENS = "public.preview"
# These read the campaign's row themselves and look again, so that a published campaign costs them no query here.
_LOOK_AGAIN = frozenset({"public.show", "public.begin", "public.letter", "public.act"})


@bp.before_request
def hide_drafts() -> None:
    """Runs before every page under a campaign's address."""
    slug = (request.view_args or {}).get("slug")
    if slug is None or request.endpoint == _OPENS:
        return
    if request.endpoint not in _LOOK_AGAIN or not is_known_published(slug):
        _require_visible(slug, find_campaign(here().engine, slug))


@bp.after_request
def keep_drafts_private(response: Response) -> Response:
    """Tells browsers, proxies and search engines not to keep pages of a draft; links on them reveal no address."""
    return keep_private(response) if is_preview() else response


def is_preview() -> bool:
    """True when this request shows a campaign that is not published."""
    return bool(g.get("is_preview"))


def require_visible(stored: StoredCampaign) -> None:
    """Raises NotFound for a draft that this browser may not see."""
    _require_visible(stored.campaign.slug, stored)


def may_see_draft(slug: str) -> bool:
    """True for signed-in people of the campaign, and for a browser with a preview link to it."""
    opened = session.get(_KEY)
    if opened and opens_preview(here().engine, slug, opened):
        return True
    known = read_session(int(now().timestamp()))
    if known is None:
        return False
    found = find_session(here().engine, known.organizer_id, known.epoch, known.number, slug=slug)
    return found is not None and found.access.may(Permission.SEE_CAMPAIGN)


def open_preview(slug: str, token: str) -> None:
    """Remembers the link for this browser; raises NotFound for one that does not open the campaign."""
    hashed = preview_hash(token)
    if not opens_preview(here().engine, slug, [hashed]):
        raise NotFound(NO_CAMPAIGN)
    session[_KEY] = [hashed, *(other for other in session.get(_KEY, []) if other != hashed)][:_KEEP]


def read_visible(token: str) -> SubmissionView:
    """The submission behind a token; raises NotFound, also for one of a draft that this browser may not see."""
    view = read_submission(here().engine, here().settings, token)
    _require_visible(view.stored.campaign.slug, view.stored, LETTER_GONE)
    return view


def _require_visible(slug: str, stored: StoredCampaign | None, words: Phrase = NO_CAMPAIGN) -> None:
    if stored is not None and is_published(stored):
        return
    # Also asked for an address without a campaign, so that both take the same time.
    may_see = may_see_draft(slug)
    if stored is None or not may_see:
        raise NotFound(words)
    g.is_preview = True
