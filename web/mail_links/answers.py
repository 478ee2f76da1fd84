"""Did they answer? One press per letter on the page behind our email; opening it changes nothing."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.integers import parse_integer
from shared.services.answers import read_answers, tell_answer
from web.context import here
from web.mail_links import bp
from web.security import keep_private


@bp.get("/answers/<token>/<key>")
def answers(token: str, key: str) -> Response:
    """Each letter that has left, with the question."""
    page = read_answers(here().engine, here().settings, token, key)
    html = render_template(
        "answers.html",
        page=page,
        campaign=page.stored.campaign,
        action=url_for("mail_links.tell", token=token, key=key),
        told=request.args.get("told", ""),
    )
    return keep_private(make_response(html))


@bp.post("/answers/<token>/<key>")
def tell(token: str, key: str) -> ResponseReturnValue:
    """Keeps what was pressed."""
    is_answered = request.form.get("answered") == "yes"
    letter_id = parse_integer(request.form.get("letter", "")) or 0
    tell_answer(here().engine, here().settings, token, key, letter_id, is_answered=is_answered)
    return redirect(url_for("mail_links.answers", token=token, key=key, told="yes" if is_answered else "no"), 303)
