"""Turns errors into pages in plain words. Never shows an exception's inside."""

import structlog
from flask import Flask, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from shared.errors import NotAllowed, NotFound

_LOG = structlog.get_logger()
WORDS: dict[int, tuple[str, str]] = {
    400: ("That did not work", "Your browser sent something that we can't read. Go back and try again."),
    403: ("That is not open to you", "Your browser asked from another website. Open the page here and try again."),
    404: ("There is nothing here", "The address may have a typing slip, or what was here is gone."),
    405: ("That does not work this way", "Open the page itself and use its buttons."),
    413: ("That is too long", "Shorten your text and send it again. Nothing was sent."),
    429: ("One moment", "Too many tries in a short time. Wait a minute and try again."),
    500: ("Something went wrong on our side", "Nothing was lost that you had sent. Try again in a minute."),
    503: ("We are just starting", "Try again in a few seconds."),
}


def install(app: Flask) -> None:
    """Registers the error pages."""
    app.register_error_handler(NotFound, lambda error: _page(404, str(error)))
    app.register_error_handler(NotAllowed, lambda error: _page(409, str(error), "That is not possible now"))
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crash)


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:  # noqa: PLR2004 - redirects are no errors
        return error.get_response()
    return _page(error.code or 500)


def _expired(_error: CSRFError) -> ResponseReturnValue:
    return _page(
        400,
        "This form was open for too long, or your browser keeps no cookies. Go back, reload the page and try again. "
        "Nothing was sent.",
        "This page has expired",
    )


def _crash(error: Exception) -> ResponseReturnValue:
    original = error.original_exception if isinstance(error, InternalServerError) else error
    _LOG.error("request.failed", exc_info=original)
    return _page(500)


def _page(status: int, words: str = "", title: str = "") -> ResponseReturnValue:
    default_title, default_words = WORDS.get(status, WORDS[500])
    html = render_template("error.html", title=title or default_title, words=words or default_words, status=status)
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response
