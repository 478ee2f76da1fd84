"""The local mailbox: what left the queues and stayed on this machine."""

from flask import Response, make_response, render_template, request

from shared.domain.integers import parse_integer
from shared.domain.permissions import Permission
from shared.services.mailbox import list_messages, read_message
from web.admin import ROW_ID, bp
from web.admin.guard import needs
from web.context import here
from web.security import MAIL_POLICY, content_policy


@bp.get("/mailbox")
@needs(Permission.READ_MAILBOX, sees="looked into the local mailbox")
def mailbox() -> str:
    """The newest messages."""
    search = request.args.get("q", "")[:100]
    page = parse_integer(request.args.get("page", "")) or 1
    messages = list_messages(here().engine, search=search, page=page)
    return render_template("admin/mailbox.html", messages=messages, search=search)


@bp.get(f"/mailbox/<{ROW_ID}:message_id>")
@needs(Permission.READ_MAILBOX, sees="read a message in the local mailbox")
def message(message_id: int) -> Response:
    """One message: headers, text, and the HTML part in a frame of its own."""
    response = make_response(render_template("admin/message.html", message=read_message(here().engine, message_id)))
    response.headers["Content-Security-Policy"] = content_policy("frame-src 'self'")
    return response


@bp.get(f"/mailbox/<{ROW_ID}:message_id>/html")
@needs(Permission.READ_MAILBOX)
def message_html(message_id: int) -> Response:
    """The HTML part as the receiver's mail program would get it, under a policy that lets it do nothing."""
    response = make_response(read_message(here().engine, message_id).html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@bp.get(f"/mailbox/<{ROW_ID}:message_id>/raw")
@needs(Permission.READ_MAILBOX, sees="read a message in the local mailbox")
def message_raw(message_id: int) -> Response:
    """The message as it came over SMTP, for a mail program."""
    response = make_response(read_message(here().engine, message_id).raw)
    response.mimetype = "message/rfc822"
    response.headers["Content-Disposition"] = f'attachment; filename="message-{message_id}.eml"'
    return response
