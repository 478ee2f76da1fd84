"""What our emails link to. A key in the address is the permission, so there is neither a cookie nor a form's token."""

from flask import Blueprint

bp = Blueprint("mail_links", __name__)

from web.mail_links import answers, preferences  # noqa: E402, F401 - the views register themselves on bp
