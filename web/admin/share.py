"""Making a campaign known: link, QR code and flyer by source code, a form for other websites, who came by what."""

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from shared.domain.campaigns import Campaign
from shared.domain.sources import SOURCE_MAX, Source, campaign_link, clean_source, is_source
from shared.rendering.flyer import draw_flyer, left_out_of_flyer
from shared.rendering.qr_codes import qr_png, qr_svg
from shared.rendering.share_card import left_out_of_card
from shared.services.campaigns import campaign_page, read_campaign
from shared.services.sharing import card_words, flyer_words, read_sources
from web.admin import bp
from web.context import here

_WRONG_CODE = f"Use letters, digits and hyphens, {SOURCE_MAX} at most, such as library-table."


@bp.get("/campaigns/<slug>/share")
def share(slug: str) -> ResponseReturnValue:
    """Everything for one source code; a code that can't be one is explained, and the usual one is shown."""
    page = campaign_page(here().engine, here().settings, slug)
    typed = request.args.get("source", Source.FLYER).strip()
    error = "" if is_source(typed) else _WRONG_CODE
    code = clean_source(typed) if not error else Source.FLYER.value
    html = render_template(
        "admin/share.html",
        stored=page.stored,
        typed=typed,
        error=error,
        code=code,
        link=_link(page.stored.campaign, code),
        embed_code=render_template("admin/_embed_code.html", page=page, link=_link(page.stored.campaign, Source.EMBED)),
        left_out=_left_out(page.stored.campaign, code),
        sources=read_sources(here().engine, page.stored.id),
    )
    return html, 422 if error else 200


@bp.get("/campaigns/<slug>/share/<code>/qr.svg")
def share_qr_svg(slug: str, code: str) -> Response:
    """The QR code for screens and any size."""
    campaign = _campaign(slug, code)
    return _file(qr_svg(_link(campaign, code)), "image/svg+xml", f"{slug}-{code}.svg")


@bp.get("/campaigns/<slug>/share/<code>/qr.png")
def share_qr_png(slug: str, code: str) -> Response:
    """The QR code for documents."""
    campaign = _campaign(slug, code)
    return _file(qr_png(_link(campaign, code)), "image/png", f"{slug}-{code}.png")


@bp.get("/campaigns/<slug>/share/<code>/flyer.pdf")
def share_flyer(slug: str, code: str) -> Response:
    """One page to print."""
    campaign = _campaign(slug, code)
    flyer = draw_flyer(flyer_words(campaign, here().settings.public_url, code))
    return _file(flyer, "application/pdf", f"{slug}-{code}.pdf")


def _campaign(slug: str, code: str) -> Campaign:
    if code != clean_source(code):
        abort(404)
    return read_campaign(here().engine, slug).campaign


def _link(campaign: Campaign, code: str) -> str:
    return campaign_link(here().settings.public_url, campaign.slug, code)


def _left_out(campaign: Campaign, code: str) -> list[str]:
    """What neither the flyer nor the card can show, each once."""
    flyer = left_out_of_flyer(flyer_words(campaign, here().settings.public_url, code))
    return list(dict.fromkeys((*flyer, *left_out_of_card(card_words(campaign)))))


def _file(content: bytes, mimetype: str, name: str) -> Response:
    """Shown on the page, and saved under a name that tells what it is."""
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
