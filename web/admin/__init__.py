"""The organizer's pages. Nothing here opens without a session, except the sign-in page itself."""

from flask import Blueprint

from web.limits import ROW_ID as ROW_ID

bp = Blueprint("admin", __name__, url_prefix="/admin")

from web.admin import (  # noqa: E402 - they register themselves on bp
    account,  # noqa: F401
    actors,  # noqa: F401
    addresses,  # noqa: F401
    audit,  # noqa: F401
    banner,  # noqa: F401
    bulk,  # noqa: F401
    campaigns,  # noqa: F401
    delivery,  # noqa: F401
    editor,  # noqa: F401
    exports,  # noqa: F401
    guard,  # noqa: F401
    letters,  # noqa: F401
    lookup,  # noqa: F401
    mail_relay,  # noqa: F401
    mail_servers,  # noqa: F401
    mailbox,  # noqa: F401
    offices,  # noqa: F401
    pace,  # noqa: F401
    people,  # noqa: F401
    pictures,  # noqa: F401
    publishing,  # noqa: F401
    receiving,  # noqa: F401
    rehearsal,  # noqa: F401
    results,  # noqa: F401
    sender_domain,  # noqa: F401
    share,  # noqa: F401
    sign_in,  # noqa: F401
    updates,  # noqa: F401
)
