"""Headers of every answer: a strict content policy, no framing, no sniffing, no referrers with tokens."""

import gzip
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from web.context import here

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# For the one page that another website may show in a frame.
FRAMED_POLICY = _POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
# A mail's own HTML is shown without scripts, forms, images from elsewhere or access to this page.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# One year, as browsers ask before they remember a site.
_HSTS = "max-age=31536000; includeSubDomains"
# Smaller answers fit into one packet anyway.
GZIP_FROM_BYTES = 1_000
# Nothing, or a line that leads elsewhere.
_WITHOUT_WORDS = frozenset({204, 303, 304})


def install(app: Flask, *, https: bool) -> None:
    """Adds the headers, compresses pages, and refuses what no browser sends."""
    app.before_request(_refuse_nul)
    app.after_request(_compress)
    headers = {
        "Content-Security-Policy": content_policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if https:
        headers["Strict-Transport-Security"] = _HSTS
    app.wsgi_app = _with_headers(app.wsgi_app, headers)  # type: ignore[method-assign, assignment]


def content_policy(extra: str = "") -> str:
    """What a page may load; `extra` for the one that shows an email."""
    return f"{_POLICY}; {extra}" if extra else _POLICY


def is_same_origin() -> bool:
    """True unless the browser says that a form on another site was posted; for forms without a token.

    Sec-Fetch-Site decides: from a page without a referrer our own forms come with "Origin: null".
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    hosts = (request.host, urlsplit(here().settings.public_url).netloc)
    return origin is None or origin.partition("://")[2] in hosts


def keep_private(response: Response) -> Response:
    """For pages about one person: not stored, not indexed, no referrer."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _refuse_nul() -> None:
    """PostgreSQL's text can't hold this character, and no keyboard types it."""
    typed = [request.path]
    # Most requests bring nothing else.
    if request.query_string:
        typed += [value for values in request.args.listvalues() for value in values]
    if request.method == "POST":
        typed += [value for values in request.form.listvalues() for value in values]
    if any("\0" in one for one in typed):
        abort(400)


def _with_headers(app: "WSGIApplication", fixed: dict[str, str]) -> "WSGIApplication":
    """Adds what an answer does not say itself. Below Flask, where it costs next to nothing and misses no answer."""
    known = [(name.lower(), (name, value)) for name, value in fixed.items()]

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        def start_with(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            there = {name.lower() for name, _ in headers}
            return start(status, [*headers, *(pair for name, pair in known if name not in there)], *error)

        return app(environ, start_with)

    return answer


def _compress(response: Response) -> Response:
    if response.status_code in _WITHOUT_WORDS:
        return response
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
