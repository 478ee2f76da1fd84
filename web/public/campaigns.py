"""Step 1: the campaign page with the address form. The page is the same for everybody, so that it can be cached."""

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.errors import InputError, NotAllowed
from shared.rendering.speech import spoken
from shared.services.campaigns import (
    OPEN_STATES,
    CampaignPage,
    campaign_page,
    is_published,
    list_published,
    read_campaign,
)
from shared.services.submissions import begin_submission
from web.client_address import client_address, is_from_this_machine
from web.context import here
from web.forms.supporter import SupporterForm
from web.public import bp
from web.public.begun import begun_link, comes_as_a_page, comes_in_a_frame, framed_page
from web.public.closed import render_closed, unsent_page
from web.public.drafts import is_preview, open_preview, require_visible
from web.public.my_letters import onward
from web.security import is_same_origin, keep_private

# Browsers and proxies may keep the page this long; counters are never older.
PAGE_SECONDS = 15


@bp.get("/")
def index() -> ResponseReturnValue:
    """The only campaign, or the list of them, without drafts."""
    campaigns = list_published(here().engine)
    if len(campaigns) == 1:
        source, lang = (request.args.get(name) for name in ("source", "lang"))
        return redirect(url_for("public.show", slug=campaigns[0].campaign.slug, source=source, lang=lang))
    return render_template("index.html", campaigns=campaigns)


@bp.get("/c/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """The campaign page; a campaign that is not open has a page of its own."""
    response = None if is_preview() else here().pages.answer((slug, spoken()), lambda: _open_page(slug))
    if response is None:
        return _own_page(slug)
    response.headers["Cache-Control"] = f"public, max-age={PAGE_SECONDS}"
    return response


@bp.get("/c/<slug>/preview/<token>")
def preview(slug: str, token: str) -> ResponseReturnValue:
    """The page of a draft, for visitors with a preview link; the pages after it then open in this browser too."""
    open_preview(slug, token)
    stored = read_campaign(here().engine, slug)
    if is_published(stored):
        return keep_private(make_response(redirect(url_for("public.show", slug=slug), 303)))
    require_visible(stored)
    return _own_page(slug)


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
        token = begin_submission(
            here().engine,
            here().ring,
            here().settings,
            slug,
            form.details(),
            source=source,
            sees_drafts=is_preview(),
        )
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
    require_visible(page.stored)
    if page.stored.state not in OPEN_STATES:
        return unsent_page(slug, 409)
    return _page(page, form, question=question, is_busy=is_busy), status


def _open_page(slug: str) -> str | None:
    """What shared caches may keep: None for a draft, and for a campaign that is not open."""
    page = campaign_page(here().engine, here().settings, slug)
    is_shared = page.stored.state in OPEN_STATES and is_published(page.stored)
    return _page(page, SupporterForm(formdata=None)) if is_shared else None


def _own_page(slug: str) -> str:
    """What no cache may keep: a draft, or a campaign that is not open."""
    page = campaign_page(here().engine, here().settings, slug)
    require_visible(page.stored)
    return _page(page, SupporterForm(formdata=None)) if page.stored.state in OPEN_STATES else render_closed(page)


def _page(page: CampaignPage, form: SupporterForm, *, question: str = "", is_busy: bool = False) -> str:
    campaign = page.stored.campaign
    return render_template("campaign.html", page=page, campaign=campaign, form=form, question=question, is_busy=is_busy)
