"""How a campaign's pages look: its color as a stylesheet of one rule, and the host's logo."""

from flask import Response, abort, request
from werkzeug.http import quote_etag

from shared.domain.colors import parse_color
from shared.services.campaign_logos import read_logo
from web.context import here
from web.public import bp
from web.theme import stylesheet, stylesheet_version

# The addresses that pages name change with what they show; any other address may show something else soon.
_NAMED = "public, max-age=31536000, immutable"
_OTHER = "public, max-age=300"


@bp.get("/theme/<digits>.css")
def theme(digits: str) -> Response:
    """The shades of a color. They follow from the address, so nothing is read for it."""
    color = f"#{digits}"
    try:
        if parse_color(color) != color:
            abort(404)
    except ValueError:
        abort(404)
    return _kept(Response(stylesheet(color), mimetype="text/css"), stylesheet_version(color))


@bp.get("/c/<slug>/logo.png")
def logo(slug: str) -> Response:
    """The logo as it is now, whatever version was asked for."""
    found = read_logo(here().engine, slug)
    return _kept(Response(found.image, mimetype="image/png"), found.version)


def _kept(response: Response, version: str) -> Response:
    response.headers["Cache-Control"] = _NAMED if request.args.get("v") == version else _OTHER
    response.headers["ETag"] = quote_etag(version)
    response.make_conditional(request)
    return response
