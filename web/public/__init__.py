"""The supporter's pages: campaign, letter, status."""

from flask import Blueprint

bp = Blueprint("public", __name__)

from web.public import campaigns, invitations, letters, my_letters, status  # noqa: E402, F401 - the views register themselves
