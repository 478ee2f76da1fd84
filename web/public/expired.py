"""A letter page that was open for too long: its form comes back as it was typed, with a token that counts again."""

from flask import Response, request

from shared.domain.phrases import phrase
from shared.errors import NotFound
from web.forms.letter import read_letter_form
from web.public.drafts import read_visible
from web.public.letter_page import letter_page
from web.public.owned import is_owned

_ENDPOINT = "public.act"


def letter_again() -> Response | None:
    """The page with everything typed, for the browser that owns the letter; None for any other form."""
    token = (request.view_args or {}).get("token", "")
    if request.endpoint != _ENDPOINT or not is_owned(token):
        return None
    try:
        view = read_visible(token)
    except NotFound:
        return None
    if view.accepted_at:
        return None
    words = phrase("This page was open for a long time. What you typed is still here: press the button once more.")
    return letter_page(view, read_letter_form(), {"letter": words}, status=400)
