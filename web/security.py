"""Headers of every answer: a strict content policy, no framing, no sniffing, no referrers with tokens."""

import gzip
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from web.context import here

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# One year, as browsers ask before they remember a site.
_HSTS = "max-age=31536000; includeSubDomains"
# Smaller answers fit into one packet anyway.
GZIP_FROM_BYTES = 1_000


def install(app: Flask) -> None:
    """Adds the headers, compresses pages, and refuses what no browser sends."""
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)
    app.after_request(_compress)


def is_same_origin() -> bool:
    """True unless the browser says that a form on another site was posted; for forms without a token."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none"):
        origin = request.headers.get("Origin")
        hosts = (request.host, urlsplit(here().settings.public_url).netloc)
        return origin is None or origin.partition("://")[2] in hosts
    return False


def keep_private(response: Response) -> Response:
    """For pages about one person: not stored, not indexed, no referrer."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _refuse_nul() -> None:
    """PostgreSQL's text can't hold this character, and no keyboard types it."""
    if any("\0" in typed for typed in (request.path, *request.values.values())):
        abort(400)


def _add_headers(response: Response) -> Response:
    extra = g.get("csp_extra", "")
    response.headers.setdefault("Content-Security-Policy", f"{_POLICY}; {extra}" if extra else _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if here().settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    return response


def _compress(response: Response) -> Response:
    if request.endpoint == "static":
        response.direct_passthrough = False
    if response.direct_passthrough or "Content-Encoding" in response.headers:
        return response
    body = response.get_data()
    mimetype = response.mimetype or ""
    is_text = mimetype.startswith("text/") or mimetype in ("application/json", "image/svg+xml")
    if is_text:
        response.vary.add("Accept-Encoding")
    if is_text and len(body) >= GZIP_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(body, 5))
        response.headers["Content-Encoding"] = "gzip"
    return response
