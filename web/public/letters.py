"""Step 2: see the legislators, read and edit the letter, send it once. Every button keeps what was typed."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.address_lines import split_line
from shared.domain.places import Chamber
from shared.domain.states import SubmissionState
from shared.errors import InputError
from shared.services.submission_view import SubmissionView, editable_letter_of, preview_letters, read_submission
from shared.services.submissions import accept_submission, answer_doubt, correct_address, save_draft
from web.context import here
from web.forms.supporter import AddressFields, LetterForm
from web.public import bp
from web.public.owned import is_owned
from web.security import keep_private

WAITING = (SubmissionState.DRAFT, SubmissionState.LOOKING_UP)


@bp.get("/c/<slug>/letter/<token>")
def letter(slug: str, token: str) -> ResponseReturnValue:
    """The letter page of this browser's own submission; GET never sends."""
    if not is_owned(token):
        return keep_private(make_response(render_template("not_yours.html", slug=slug), 403))
    view = read_submission(here().engine, here().settings, token)
    if view.accepted_at and view.state is not SubmissionState.NEEDS_ADDRESS:
        return redirect(url_for("public.status", token=token), 303)
    if "part" in request.args:
        return _answer_poll(view)
    return _page(view)


@bp.post("/c/<slug>/letter/<token>")
def act(slug: str, token: str) -> ResponseReturnValue:
    """Send, edit, answer a question or correct the address, by the button that was pressed."""
    if not is_owned(token):
        return keep_private(make_response(render_template("not_yours.html", slug=slug), 403))
    form = LetterForm()
    here_again = redirect(url_for("public.letter", slug=slug, token=token), 303)
    view = read_submission(here().engine, here().settings, token)
    if view.accepted_at and view.state is not SubmissionState.NEEDS_ADDRESS:
        return redirect(url_for("public.status", token=token), 303)
    try:
        if form.action.data == "send":
            _send(token, form)
            return redirect(url_for("public.status", token=token), 303)
        if not view.accepted_at:
            _save(view, form)
        if form.action.data == "answer":
            chosen = {chamber: int(request.form.get(f"mine-{chamber}", 0)) for chamber in view.asked}
            answer_doubt(here().engine, here().ring, token, chosen)
        elif form.action.data == "address":
            return _correct(view, form)
        elif form.action.data == "edit":
            return redirect(f"{here_again.location}?edit=1#edit", 303)
    except InputError as error:
        return _page(read_submission(here().engine, here().settings, token), form, error.fields), 422
    return _onward(view, here_again)


def _onward(view: SubmissionView, here_again: ResponseReturnValue) -> ResponseReturnValue:
    return redirect(url_for("public.status", token=view.token), 303) if view.accepted_at else here_again


def _send(token: str, form: LetterForm) -> None:
    accept_submission(
        here().engine,
        here().ring,
        here().settings,
        token,
        own_words=form.own_words.data or "",
        edited_subject=form.edited_subject.data if "edited_body" in request.form else None,
        edited_body=form.edited_body.data if "edited_body" in request.form else None,
        # Boxes that were not on the page yet can't be unticked: then all offices are meant.
        chosen=set(form.to.data or []) if "boxes" in request.form else None,
        consents=tuple(form.consents.data or []),
    )


def _save(view: SubmissionView, form: LetterForm) -> None:
    edited = "edited_body" in request.form
    save_draft(
        here().engine,
        view.token,
        own_words=form.own_words.data or "" if "own_words" in request.form else view.own_words,
        edited_subject=form.edited_subject.data if edited else view.edited_subject,
        edited_body=form.edited_body.data if edited else view.edited_body,
        chosen=set(form.to.data or []) if "boxes" in request.form else None,
    )
    if form.action.data == "original":
        words = form.own_words.data or view.own_words
        save_draft(here().engine, view.token, own_words=words, edited_subject=None, edited_body=None)


def _correct(view: SubmissionView, letter_form: LetterForm) -> ResponseReturnValue:
    """Another address, or one of the suggested spellings; then the lookup begins anew."""
    picked = request.form.get("suggestion", "")
    typed = AddressFields()
    if picked.isdigit() and int(picked) < len(view.suggestions):
        address = split_line(view.suggestions[int(picked)], view.address.state)
    elif typed.validate():
        address = typed.address(view.address.state)
    else:
        wrong = {name: errors[0] for name, errors in typed.errors.items() if name}
        return _page(view, letter_form, wrong), 422
    correct_address(here().engine, here().ring, view.token, address)
    return _onward(view, redirect(url_for("public.letter", slug=view.stored.campaign.slug, token=view.token), 303))


def _answer_poll(view: SubmissionView) -> ResponseReturnValue:
    """204 while the lookup goes on, then the parts of the page that it fills in."""
    if view.state in WAITING:
        return keep_private(make_response("", 204))
    return keep_private(make_response(render_template("letter_parts.html", **_values(view, None, {}))))


def _page(view: SubmissionView, form: LetterForm | None = None, wrong: dict[str, str] | None = None) -> ResponseReturnValue:
    return keep_private(make_response(render_template("letter.html", **_values(view, form, wrong or {}))))


def _values(view: SubmissionView, form: LetterForm | None, wrong: dict[str, str]) -> dict[str, object]:
    typed = request.form
    editing = "edit" in request.args or "edited_body" in typed
    return {
        "view": view,
        "campaign": view.stored.campaign,
        "waiting": view.state in WAITING,
        "asking": view.state is SubmissionState.NEEDS_ADDRESS or "address" in request.args or "street" in wrong,
        "previews": preview_letters(view),
        "editable": editable_letter_of(view) if editing else None,
        "edited_subject": typed.get("edited_subject"),
        "edited_body": typed.get("edited_body"),
        "own_words": typed.get("own_words", view.own_words),
        "ticked": set(form.to.data or []) if form and "boxes" in typed else {o.office_id for o in view.chosen},
        "consents": set(form.consents.data or []) if form else set(view.consents),
        "wrong": wrong,
        "typed": typed,
        "chambers": {Chamber.LOWER: "state representative", Chamber.UPPER: "state senator", Chamber.CONGRESS: "member of Congress"},
    }
