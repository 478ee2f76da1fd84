"""The page of a campaign on which nobody can act now: not opened yet, ended, or won."""

from flask import Response, make_response, render_template

from shared.domain.states import CampaignState
from shared.services.campaigns import CampaignPage, campaign_page
from web.context import here
from web.security import keep_private


def unsent_page(slug: str, status: int) -> Response:
    """In place of a page that would go on, for somebody whose letter was not sent."""
    page = campaign_page(here().engine, here().settings, slug)
    return keep_private(make_response(render_closed(page, unsent=True), status))


def render_closed(page: CampaignPage, *, unsent: bool = False) -> str:
    """The page's HTML."""
    return render_template("campaign_closed.html", page=page, states=CampaignState, unsent=unsent)
