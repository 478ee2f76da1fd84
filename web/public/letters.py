"""Step 2: see the legislators, read and edit the letter, send it once. Every button keeps what was typed."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from shared.domain.address_lines import split_line
from shared.domain.integers import parse_integer
from shared.domain.states import SubmissionState
from shared.errors import InputError, NotAllowed
from shared.rendering.speech import speak, spoken
from shared.services.accept import accept_submission
from shared.services.campaigns import OPEN_STATES, read_campaign
from shared.services.read_letters import LetterChanged
from shared.services.submission_view import SubmissionView, poll_submission
from shared.services.submissions import answer_doubt, correct_address, save_draft
from web.context import here
from web.forms.letter import LetterForm, read_edition, read_letter_form
from web.forms.supporter import AddressFields
from web.language import allowed_language, remember_language
from web.public import bp
from web.public.drafts import read_visible, require_visible
from web.public.letter_page import letter_page, letter_parts
from web.public.owned import is_owned
from web.security import keep_private


@bp.get("/c/<slug>/letter/<token>")
def letter(slug: str, token: str) -> Response:
    """The letter page of this browser's own submission; GET never sends."""
    if not is_owned(token):
        return _not_yours(slug)
    is_poll = "part" in request.args
    view = poll_submission(here().engine, here().settings, token) if is_poll else read_visible(token)
    if view is None:
        return keep_private(make_response("", 204))
    require_visible(view.stored)
    if _is_done(view):
        # Whoever comes back to what they sent reads it; a page that polls goes on to where the letters are.
        return _see(url_for("public.status" if is_poll else "public.my_letters", token=token))
    return letter_parts(view) if is_poll else letter_page(view, since=read_edition(request.args.get("since")))


@bp.post("/c/<slug>/letter/<token>")
def act(slug: str, token: str) -> Response:
    """Send, edit, answer a question or correct the address, by the button that was pressed."""
    if not is_owned(token):
        return _not_yours(slug)
    form = read_letter_form()
    try:
        if form.action == "send":
            return _send(slug, token, form)
        if wanted := allowed_language(request.form.get("speak")):
            speak(wanted)
            remember_language()
        view = read_visible(token)
        if _is_done(view):
            return _see(url_for("public.status", token=token))
        return _ACTIONS.get(form.action, _keep)(view, form)
    except NotAllowed as error:
        view = read_visible(token)
        is_changed = isinstance(error, LetterChanged)
        if not is_changed and (view.accepted_at or view.stored.state in OPEN_STATES):
            raise
        return letter_page(view, form if is_changed else None, status=409)
    except InputError as error:
        return letter_page(read_visible(token), form, error.fields, status=422)


def _send(slug: str, token: str, form: LetterForm) -> Response:
    """Straight to the one transaction: a second press changes nothing there."""
    edited = form.edited_body is not None
    accept_submission(
        here().engine,
        here().ring,
        here().settings,
        token,
        own_words=form.own_words,
        edited_subject=form.edited_subject if edited else None,
        edited_body=form.edited_body,
        keep_edit=not edited,
        chosen=form.chosen,
        consents=form.consents,
        language=spoken(),
        slug=slug,
        edition=form.edition,
    )
    return _see(url_for("public.status", token=token))


def _keep(view: SubmissionView, form: LetterForm) -> Response:
    if not view.accepted_at:
        words = _words(view, form)
        if form.action == "original":
            words |= {"edited_subject": None, "edited_body": None}
        # The boxes stand beside the words; a form without them unticks nothing.
        agreed = tuple(one for one in view.stored.campaign.consents if one in form.consents)
        ticked = view.ticked_consents if form.own_words is None else agreed
        save_draft(here().engine, view.token, **words, chosen=form.chosen, ticked_consents=ticked, edition=form.edition)
    return _onward(view, form)


def _edit(view: SubmissionView, form: LetterForm) -> Response:
    _keep(view, form)
    return _onward(view, form, edit=1, _anchor="edit")


def _answer(view: SubmissionView, form: LetterForm) -> Response:
    _keep(view, form)
    picked = {chamber: parse_integer(request.form.get(f"mine-{chamber}", "")) for chamber in view.asked}
    chosen = {chamber: office_id for chamber, office_id in picked.items() if office_id is not None}
    answer_doubt(here().engine, here().ring, view.token, chosen)
    return _onward(view, form)


def _correct(view: SubmissionView, form: LetterForm) -> Response:
    """Another address, or one of the suggested spellings; then the lookup begins anew."""
    _keep(view, form)
    picked = parse_integer(request.form.get("suggestion", ""), most=len(view.suggestions) - 1)
    typed = AddressFields()
    if picked is not None:
        address = split_line(view.suggestions[picked], view.address.state)
    elif typed.validate():
        address = typed.address(view.address.state)
    else:
        raise InputError({name: errors[0] for name, errors in typed.errors.items() if name})
    correct_address(here().engine, here().ring, view.token, address)
    return _onward(view, form)


def _enter(view: SubmissionView, form: LetterForm) -> Response:
    """The Enter key in a field: what the form asks for; it never sends."""
    if any(request.form.get(f"mine-{chamber}") for chamber in view.asked):
        return _answer(view, form)
    return _correct(view, form) if "street" in request.form else _keep(view, form)


_ACTIONS = {"edit": _edit, "answer": _answer, "address": _correct, "enter": _enter}


def _is_done(view: SubmissionView) -> bool:
    """Sent, and no question is open: the status page tells the rest."""
    return view.accepted_at is not None and view.state is not SubmissionState.NEEDS_ADDRESS


def _onward(view: SubmissionView, form: LetterForm, **shown: Any) -> Response:
    """The status page, or the letter page, which then says what was published since the form's own page."""
    if view.accepted_at:
        return _see(url_for("public.status", token=view.token))
    since = None if form.edition == view.stored.edition_id else form.edition
    return _see(url_for("public.letter", slug=view.stored.campaign.slug, token=view.token, since=since, **shown))


def _see(address: str) -> Response:
    return make_response(redirect(address, 303))


def _not_yours(slug: str) -> Response:
    campaign = read_campaign(here().engine, slug).campaign
    return keep_private(make_response(render_template("not_yours.html", campaign=campaign), 403))


def _words(view: SubmissionView, form: LetterForm) -> dict[str, Any]:
    """What the form says, and for fields that are not on this form what was saved before."""
    edited = form.edited_body is not None
    return {
        "own_words": view.own_words if form.own_words is None else form.own_words,
        "edited_subject": form.edited_subject if edited else view.edited_subject,
        "edited_body": form.edited_body if edited else view.edited_body,
    }
