"""Personal links: the letter page filled in for somebody we know. Opening never sends; a forwarded link asks."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.phrases import phrase
from shared.services.invitations import Guess, Opened, Welcome, guess_owner, open_invitation
from web.context import here
from web.forms.supporter import PlainForm
from web.public import bp
from web.public.drafts import may_see_draft, require_visible
from web.public.owned import disown, is_owned, own
from web.security import keep_private

_ANSWERS = {
    Guess.WRONG: (phrase("This is not the email address that the link was made for"), 422),
    Guess.REFUSED: (
        phrase(
            "Too many email addresses were tried with this link. Use the browser in which you opened it first,"
            " or try again tomorrow."
        ),
        429,
    ),
}


@bp.get("/go/<token>/<key>")
def go(token: str, key: str) -> ResponseReturnValue:
    """The first browser gets the letter; another one is asked for the email address."""
    opened = _open(token, key)
    if opened.welcome is Welcome.QUESTION:
        return _question(opened)
    return _enter(opened)


@bp.post("/go/<token>/<key>")
def recognize(token: str, key: str) -> ResponseReturnValue:
    """The right address opens the letter here too; a link takes a few guesses a day."""
    opened = _open(token, key)
    if opened.welcome is not Welcome.QUESTION:
        return _enter(opened)
    guess = guess_owner(here().engine, here().settings, token, key, request.form.get("email", ""))
    if guess is not Guess.RIGHT:
        return _question(opened, guess)
    own(token)
    return redirect(url_for("public.letter", slug=opened.stored.campaign.slug, token=token), 303)


@bp.post("/c/<slug>/letter/<token>/forget")
def forget(slug: str, token: str) -> ResponseReturnValue:
    """Not you? This browser forgets the letter, which stays as it is for its owner."""
    if PlainForm().validate_on_submit():
        disown([token])
    return redirect(url_for("public.show", slug=slug, source=request.args.get("source"), _anchor="form"), 303)


def _open(token: str, key: str) -> Opened:
    parts = here()
    return open_invitation(
        parts.engine, parts.ring, parts.settings, token, key, is_owned=is_owned(token), sees_draft=may_see_draft
    )


def _enter(opened: Opened) -> ResponseReturnValue:
    slug = opened.stored.campaign.slug
    if opened.welcome is Welcome.CLOSED:
        return redirect(url_for("public.show", slug=slug), 303)
    if opened.welcome is Welcome.STATUS:
        return redirect(url_for("public.status", token=opened.token), 303)
    own(opened.token)
    return redirect(url_for("public.letter", slug=slug, token=opened.token), 303)


def _question(opened: Opened, guess: Guess = Guess.RIGHT) -> Response:
    require_visible(opened.stored)
    words, status = _ANSWERS.get(guess, ("", 200))
    html = render_template(
        "invited.html",
        campaign=opened.stored.campaign,
        masked_email=opened.masked_email,
        wrong={"email": words} if words else {},
    )
    return keep_private(make_response(html, status))
