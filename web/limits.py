"""How long a request may be. Checked before the address is routed, and before anything looks into a form."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, abort, request

from shared.domain.integers import MAX_ID
from shared.rendering.logos import MOST_BYTES as LOGO_BYTES

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# nginx's defaults for a request line and for one header.
MAX_TARGET = MAX_HEADER = 8_192
# Larger than any letter with its form fields.
MAX_FORM_BYTES = 256 * 1024
# More fields than any page has; Python takes a tenth of a second for 100,000 of them.
MAX_FIELDS = 1_000
# Larger than any batch of events that the relay services describe.
MAX_WEBHOOK_BYTES = 2 * 1024 * 1024
# Bodies that are larger than a form. A limit in a view would come too late: Flask reads its form's token first.
_LARGER_BODIES = {"webhooks.receive": MAX_WEBHOOK_BYTES, "admin.upload_logo": LOGO_BYTES + 64 * 1024}
MAX_BODY_BYTES = max(MAX_FORM_BYTES, *_LARGER_BODIES.values())
# A row's number in an address; more than PostgreSQL's bigint holds is an address of nothing.
ROW_ID = f"int(max={MAX_ID})"


def install(app: Flask) -> None:
    """Bounds address, headers and body; before everything else that is asked before a request."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.config["MAX_FORM_PARTS"] = MAX_FIELDS
    app.before_request(_bound_body)
    app.wsgi_app = _bounded(app.wsgi_app)  # type: ignore[method-assign, assignment]


def _bound_body() -> None:
    if larger := _LARGER_BODIES.get(request.endpoint or ""):
        request.max_content_length = larger
    is_form = request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded"
    if is_form and request.get_data().count(b"&") >= MAX_FIELDS:
        abort(413)


def _bounded(app: "WSGIApplication") -> "WSGIApplication":
    """Refuses a long address or header before Flask reads it."""

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > MAX_TARGET:
            return _refuse(start, "414 URI Too Long", "This web address is too long.")
        if any(len(value) > MAX_HEADER for name, value in environ.items() if _is_header(name)):
            return _refuse(start, "431 Request Header Fields Too Large", "Your browser sent a header that is too long.")
        return app(environ, start)

    return answer


def _is_header(name: str) -> bool:
    return name.startswith("HTTP_") or name == "CONTENT_TYPE"


def _refuse(start: "StartResponse", status: str, words: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [words.encode()]
