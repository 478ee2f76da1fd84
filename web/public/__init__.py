"""The supporter's pages: campaign, letter, status."""

from flask import Blueprint

bp = Blueprint("public", __name__)

from web.public import begun, campaigns, cards, letters, status  # noqa: E402, F401 - the views register themselves on bp
