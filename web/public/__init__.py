"""The supporter's pages: campaign, letter, status."""

from flask import Blueprint

bp = Blueprint("public", __name__)

from web.public import (  # noqa: E402 - the views register themselves on bp
    begun,  # noqa: F401
    campaigns,  # noqa: F401
    cards,  # noqa: F401
    drafts,  # noqa: F401
    invitations,  # noqa: F401
    letters,  # noqa: F401
    my_letters,  # noqa: F401
    status,  # noqa: F401
    themes,  # noqa: F401
)
