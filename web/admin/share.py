"""Making a campaign known: link, QR code and flyer by source code, a form for other websites, who came by what."""

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from shared.domain.campaigns import Campaign
from shared.domain.permissions import Permission
from shared.domain.sources import SOURCE_MAX, Source, clean_source, is_source
from shared.rendering.flyer import draw_flyer, left_out_of_flyer
from shared.rendering.qr_codes import qr_png, qr_svg
from shared.rendering.share_card import left_out_of_card
from shared.rendering.speech import speaking
from shared.services.campaigns import CampaignPage, campaign_page, read_campaign
from shared.services.sharing import card_words, flyer_words, link_in, read_sources, text_language
from web.admin import bp
from web.admin.guard import needs
from web.context import here

_WRONG_CODE = f"Use letters, digits and hyphens, {SOURCE_MAX} at most, such as library-table."


@bp.get("/campaigns/<slug>/share")
@needs(Permission.SEE_CAMPAIGN)
def share(slug: str) -> ResponseReturnValue:
    """Everything for one source code; a code that can't be one is explained, and the usual one is shown."""
    page = campaign_page(here().engine, here().settings, slug)
    typed = request.args.get("source", Source.FLYER).strip()
    error = "" if is_source(typed) else _WRONG_CODE
    code = Source.FLYER.value if error else clean_source(typed)
    campaign = page.stored.campaign
    html = render_template(
        "admin/share.html",
        stored=page.stored,
        typed=typed,
        error=error,
        code=code,
        told_in=_language(campaign),
        offered=_languages(campaign),
        link=_link(campaign, code),
        embed_code=_embed_code(page),
        left_out=_left_out(campaign, code),
        sources=read_sources(here().engine, page.stored.id),
    )
    return html, 422 if error else 200


@bp.get("/campaigns/<slug>/share/<code>/qr.svg")
@needs(Permission.SEE_CAMPAIGN)
def share_qr_svg(slug: str, code: str) -> Response:
    """The QR code for screens and any size."""
    return _file(qr_svg(_link(_campaign(slug, code), code)), "image/svg+xml", f"{slug}-{code}.svg")


@bp.get("/campaigns/<slug>/share/<code>/qr.png")
@needs(Permission.SEE_CAMPAIGN)
def share_qr_png(slug: str, code: str) -> Response:
    """The QR code for documents."""
    return _file(qr_png(_link(_campaign(slug, code), code)), "image/png", f"{slug}-{code}.png")


@bp.get("/campaigns/<slug>/share/<code>/flyer.pdf")
@needs(Permission.SEE_CAMPAIGN)
def share_flyer(slug: str, code: str) -> Response:
    """One page to print."""
    campaign = _campaign(slug, code)
    words = flyer_words(campaign, here().settings.public_url, code, _language(campaign))
    return _file(draw_flyer(words), "application/pdf", f"{slug}-{code}.pdf")


def _campaign(slug: str, code: str) -> Campaign:
    if code != clean_source(code):
        abort(404)
    return read_campaign(here().engine, slug).campaign


def _languages(campaign: Campaign) -> list[str]:
    """The languages that the campaign's text is told in, its own first."""
    return [campaign.language, *(text.language for text in campaign.translations)]


def _language(campaign: Campaign) -> str:
    wanted = request.args.get("in", "")
    return wanted if wanted in _languages(campaign) else campaign.language


def _link(campaign: Campaign, code: str) -> str:
    return link_in(campaign, here().settings.public_url, code, _language(campaign))


def _embed_code(page: CampaignPage) -> str:
    """The form, in the language of the campaign's text."""
    text = page.stored.campaign.text_in(_language(page.stored.campaign))
    with speaking(text_language(text)):
        link = _link(page.stored.campaign, Source.EMBED)
        return render_template("_embed_code.html", text=text, link=link, state=page.us_state_name)


def _left_out(campaign: Campaign, code: str) -> list[str]:
    """What the flyer or the card can't show, each once."""
    language = _language(campaign)
    flyer = left_out_of_flyer(flyer_words(campaign, here().settings.public_url, code, language))
    return list(dict.fromkeys((*flyer, *left_out_of_card(card_words(campaign, language)))))


def _file(content: bytes, mimetype: str, name: str) -> Response:
    """Shown on the page, and saved under a name that tells what it is."""
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
