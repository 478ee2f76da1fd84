"""Step 1: the campaign page with the address form. The page is the same for everybody, so that it can be cached."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.errors import InputError, NotAllowed
from shared.rendering.speech import spoken
from shared.services.campaigns import OPEN_STATES, CampaignPage, campaign_page, list_campaigns
from shared.services.submissions import begin_submission
from web.client_address import client_address, is_from_this_machine
from web.context import here
from web.forms.supporter import SupporterForm
from web.public import bp
from web.public.begun import begun_link, comes_as_a_page, comes_in_a_frame, framed_page
from web.public.closed import render_closed, unsent_page
from web.public.my_letters import onward
from web.security import is_same_origin

# Browsers and proxies may keep the page this long; counters are never older.
PAGE_SECONDS = 15


@bp.get("/")
def index() -> ResponseReturnValue:
    """The only campaign, or the list of them."""
    campaigns = list_campaigns(here().engine)
    if len(campaigns) == 1:
        source, lang = (request.args.get(name) for name in ("source", "lang"))
        return redirect(url_for("public.show", slug=campaigns[0].campaign.slug, source=source, lang=lang))
    return render_template("index.html", campaigns=campaigns)


@bp.get("/c/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """The campaign page; a campaign that is not open has a page of its own."""
    response = here().pages.answer((slug, spoken()), lambda: _open_page(slug))
    if response is None:
        return render_closed(campaign_page(here().engine, here().settings, slug))
    response.headers["Cache-Control"] = f"public, max-age={PAGE_SECONDS}"
    return response


@bp.post("/c/<slug>")
def begin(slug: str) -> ResponseReturnValue:
    """Stores the draft and goes on to the letter; or shows what is wrong, with everything typed kept.

    Another website's form may begin here too (`web.public.begun`); nothing is sent before a person presses Send.
    """
    form = SupporterForm()
    if not is_same_origin() and not comes_as_a_page():
        return framed_page(slug, form) if comes_in_a_frame() else abort(403)
    if not is_from_this_machine() and not here().tries.network_may(client_address()):
        return _again(slug, form, 429, is_busy=True)
    if not form.validate() or form.is_doubted:
        return _again(slug, form)
    if question := form.settle_email():
        return _again(slug, form, question=question)
    return _store(slug, form)


def _store(slug: str, form: SupporterForm) -> ResponseReturnValue:
    email = form.email.data or ""
    if not here().tries.email_may(email):
        return _again(slug, form, 429, is_busy=True)
    try:
        source = request.args.get("source", "")
        token = begin_submission(here().engine, here().ring, here().settings, slug, form.details(), source=source)
    except NotAllowed:
        page = campaign_page(here().engine, here().settings, slug)
        if page.stored.state in OPEN_STATES:
            raise
        return unsent_page(slug, 409)
    except InputError as error:
        for field, words in error.fields.items():
            form[field].errors = [words]
        return _again(slug, form)
    return onward(slug, token, email) if is_same_origin() else redirect(begun_link(token), 303)


def _again(
    slug: str, form: SupporterForm, status: int = 422, *, question: str = "", is_busy: bool = False
) -> ResponseReturnValue:
    """The form with everything typed, and what is wrong, or a question about it."""
    page = campaign_page(here().engine, here().settings, slug)
    if page.stored.state not in OPEN_STATES:
        return unsent_page(slug, 409)
    return _page(page, form, question=question, is_busy=is_busy), status


def _open_page(slug: str) -> str | None:
    page = campaign_page(here().engine, here().settings, slug)
    return _page(page, SupporterForm(formdata=None)) if page.stored.state in OPEN_STATES else None


def _page(page: CampaignPage, form: SupporterForm, *, question: str = "", is_busy: bool = False) -> str:
    campaign = page.stored.campaign
    return render_template("campaign.html", page=page, campaign=campaign, form=form, question=question, is_busy=is_busy)
