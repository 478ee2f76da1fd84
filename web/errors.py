"""Turns errors into pages in plain words. Never shows an exception's inside."""

import structlog
from flask import Flask, make_response, render_template
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from shared.domain.phrases import Phrase, phrase
from shared.errors import NotAllowed, NotFound
from web.public.expired import letter_again

_LOG = structlog.get_logger()
WORDS: dict[int, tuple[Phrase, Phrase]] = {
    400: (
        phrase("That did not work"),
        phrase("Your browser sent something that we can't read. Go back and try again."),
    ),
    403: (
        phrase("That is not open to you"),
        phrase("Your browser asked from another website. Open the page here and try again."),
    ),
    404: (phrase("There is nothing here"), phrase("The web address may have a typing slip, or what was here is gone.")),
    405: (phrase("That does not work this way"), phrase("Open the page itself and use its buttons.")),
    413: (phrase("That is too long"), phrase("Shorten your text and send it again. Nothing was sent.")),
    429: (phrase("One moment"), phrase("Too many tries in a short time. Wait a minute and try again.")),
    500: (
        phrase("Something went wrong on our side"),
        phrase("Nothing was lost that you had sent. Try again in a minute."),
    ),
    503: (phrase("We are just starting"), phrase("Try again in a few seconds.")),
}


def install(app: Flask) -> None:
    """Registers the error pages."""
    app.register_error_handler(NotFound, lambda error: _page(404, error.args[0]))
    app.register_error_handler(NotAllowed, lambda error: _page(409, error.args[0], phrase("That is not possible now")))
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crash)


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:  # noqa: PLR2004 - redirects are no errors
        return error.get_response()
    return _page(error.code or 500)


def _expired(_error: CSRFError) -> ResponseReturnValue:
    return letter_again() or _page(
        400,
        phrase(
            "This form was open for too long, or your browser keeps no cookies. "
            "Go back, reload the page and try again. Nothing was sent."
        ),
        phrase("This page has expired"),
    )


def _crash(error: Exception) -> ResponseReturnValue:
    original = error.original_exception if isinstance(error, InternalServerError) else error
    _LOG.error("request.failed", exc_info=original)
    return _page(500)


def _page(status: int, words: str = "", title: str = "") -> ResponseReturnValue:
    default_title, default_words = WORDS.get(status, WORDS[500])
    if request_ctx.url_adapter is None:
        # The request names no host that a page could link to.
        return str(words or default_words), status, {"Content-Type": "text/plain; charset=utf-8"}
    html = render_template("error.html", title=title or default_title, words=words or default_words, status=status)
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response
