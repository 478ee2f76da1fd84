"""Step 1: the campaign page with the address form. The page is the same for everybody, so that it can be cached."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.states import CampaignState
from shared.errors import InputError
from shared.services.campaigns import OPEN_STATES, CampaignPage, campaign_page, list_campaigns
from shared.services.submissions import begin_submission
from web.context import here
from web.forms.supporter import SupporterForm
from web.public import bp
from web.public.begun import begun_link, comes_as_a_page
from web.public.owned import own
from web.security import is_same_origin

# Browsers and proxies may keep the page this long; counters are never older.
PAGE_SECONDS = 15


@bp.get("/")
def index() -> ResponseReturnValue:
    """The only campaign, or the list of them."""
    campaigns = list_campaigns(here().engine)
    if len(campaigns) == 1:
        return redirect(url_for("public.show", slug=campaigns[0].campaign.slug, source=request.args.get("source")))
    return render_template("index.html", campaigns=campaigns)


@bp.get("/c/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """The campaign page; a campaign that is not open has a page of its own."""
    response = here().pages.answer(slug, lambda: _open_page(slug))
    if response is None:
        page = campaign_page(here().engine, here().settings, slug)
        return render_template("campaign_closed.html", page=page, states=CampaignState)
    response.headers["Cache-Control"] = f"public, max-age={PAGE_SECONDS}"
    return response


@bp.post("/c/<slug>")
def begin(slug: str) -> ResponseReturnValue:
    """Stores the draft and goes on to the letter; or shows what is wrong, with everything typed kept.

    Another website's form may begin here too (`web.public.begun`); nothing is sent before a person presses Send.
    """
    is_ours = is_same_origin()
    if not is_ours and not comes_as_a_page():
        abort(403)
    form = SupporterForm()
    if form.website.data:
        return redirect(url_for("public.show", slug=slug), 303)
    if not form.validate():
        return _page(campaign_page(here().engine, here().settings, slug), form), 422
    try:
        source = request.args.get("source", "")
        token = begin_submission(here().engine, here().ring, here().settings, slug, form.details(), source=source)
    except InputError as error:
        for field, words in error.fields.items():
            form[field].errors = [words]
        return _page(campaign_page(here().engine, here().settings, slug), form), 422
    if not is_ours:
        return redirect(begun_link(token), 303)
    own(token)
    return redirect(url_for("public.letter", slug=slug, token=token), 303)


def _open_page(slug: str) -> str | None:
    page = campaign_page(here().engine, here().settings, slug)
    return _page(page, SupporterForm(formdata=None)) if page.stored.state in OPEN_STATES else None


def _page(page: CampaignPage, form: SupporterForm) -> str:
    return render_template("campaign.html", page=page, campaign=page.stored.campaign, form=form)
