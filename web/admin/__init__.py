"""The organizer's pages. Nothing here opens without a session, except the sign-in page itself."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from web.admin import campaigns, guard, letters, mailbox, sign_in  # noqa: E402, F401 - they register themselves on bp
