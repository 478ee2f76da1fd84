"""The picture that is shown where a link to a campaign is shared."""

from flask import Response, request
from werkzeug.http import quote_etag

from shared.rendering.share_card import card_hash
from shared.rendering.speech import spoken
from shared.services.campaigns import read_campaign
from shared.services.sharing import card_png, card_words
from web.context import here
from web.public import bp

# The address that pages name changes with the picture; any other address may show another one soon.
_NAMED = "public, max-age=31536000, immutable"
_OTHER = "public, max-age=300"


@bp.get("/c/<slug>/card.png")
def card(slug: str) -> Response:
    """The card as it is now, whatever version was asked for."""
    words = card_words(read_campaign(here().engine, slug).campaign, spoken())
    version = card_hash(words)
    response = Response(card_png(here().engine, slug, words), mimetype="image/png")
    response.headers["Cache-Control"] = _NAMED if request.args.get("v") == version else _OTHER
    response.headers["ETag"] = quote_etag(version)
    if "lang" not in request.args:
        response.vary.add("Accept-Language")
    response.make_conditional(request)
    return response
