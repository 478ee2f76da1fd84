"""What the letter page shows: legislators or the question which are one's own, the letter, and everything typed."""

from dataclasses import replace

from flask import Response, make_response, render_template, request

from shared.domain.addresses import other_state
from shared.domain.consents import CONSENT_PROMISE, consent_sender
from shared.domain.letter_changes import CHANGE_WORDS
from shared.domain.phrases import Phrase, phrase
from shared.domain.places import Chamber, LookupStatus
from shared.domain.states import LOOKUP_WAITING, SubmissionState
from shared.domain.supporter_input import checked_words
from shared.domain.us_states import state_of
from shared.errors import InputError
from shared.services.campaigns import OPEN_STATES
from shared.services.lookup.maps import ChamberMap, draw_question
from shared.services.read_letters import changes_since
from shared.services.submission_view import SubmissionView, editable_letter_of, preview_letters
from web.context import here
from web.forms.letter import LetterForm
from web.public.closed import unsent_page
from web.security import keep_private

_YOUR = {
    Chamber.LOWER: phrase("Your state representative"),
    Chamber.UPPER: phrase("Your state senator"),
    Chamber.CONGRESS: phrase("Your member of Congress"),
}
_WHO_IS = {
    Chamber.LOWER: phrase("Who is your state representative?"),
    Chamber.UPPER: phrase("Who is your state senator?"),
    Chamber.CONGRESS: phrase("Who is your member of Congress?"),
}


def letter_parts(view: SubmissionView) -> Response:
    """What the lookup fills in on a page that is already shown."""
    return keep_private(make_response(render_template("letter_parts.html", **_values(view, None, {}))))


def letter_page(
    view: SubmissionView,
    form: LetterForm | None = None,
    wrong: dict[str, str] | None = None,
    *,
    since: int | None = None,
    status: int = 200,
) -> Response:
    """The whole page; with a form as it was typed, and what is wrong with it.

    It says what the letter says otherwise than on the page that the form is from, or on that with the texts of `since`.
    An ended campaign, an address in another state, and legislators who are all left out have pages of their own.
    """
    if not view.accepted_at and view.stored.state not in OPEN_STATES:
        return unsent_page(view.stored.campaign.slug, status)
    if _is_outside(view):
        return _outside_page(view, wrong or {}, status)
    shown = _as_typed(view, form)
    values = _values(shown, form, wrong or {}) | {"changes": _changes(shown, form, since)}
    template = "nobody.html" if values["nobody_to_write"] and not values["asking"] else "letter.html"
    return keep_private(make_response(render_template(template, **values), status))


def _outside_page(view: SubmissionView, wrong: dict[str, str], status: int) -> Response:
    home = state_of(view.stored.campaign.jurisdiction)
    elsewhere = other_state(view.address, home)
    html = render_template(
        "outside.html",
        view=view,
        campaign=view.stored.campaign,
        home=home.name,
        elsewhere=elsewhere.name if elsewhere else "",
        wrong=wrong,
        typed=request.form,
    )
    return keep_private(make_response(html, status))


def _is_outside(view: SubmissionView) -> bool:
    return view.state is SubmissionState.NEEDS_ADDRESS and view.lookup_status is LookupStatus.OUTSIDE


def _is_nobody_written_to(view: SubmissionView) -> bool:
    """All are left out, and no lookup of another address is under way."""
    found = bool(view.targets) and view.state not in LOOKUP_WAITING
    return found and all(target.left_out is not None for target in view.targets)


def _values(view: SubmissionView, form: LetterForm | None, wrong: dict[str, str]) -> dict[str, object]:
    typed = request.form
    editing = "edit" in request.args or "edited_body" in typed
    return {
        "view": view,
        "campaign": view.stored.campaign,
        "home": state_of(view.stored.campaign.jurisdiction).name,
        "is_outside": _is_outside(view),
        "waiting": view.state in LOOKUP_WAITING,
        "nobody_to_write": not view.accepted_at and _is_nobody_written_to(view),
        "asking": view.state is SubmissionState.NEEDS_ADDRESS or "address" in request.args or "street" in wrong,
        "previews": preview_letters(view),
        "editable": editable_letter_of(view) if editing else None,
        "edited_subject": typed.get("edited_subject"),
        "edited_body": typed.get("edited_body"),
        "own_words": typed.get("own_words", view.own_words),
        "ticked": {o.office_id for o in view.chosen} if form is None or form.chosen is None else form.chosen,
        "consent_promise": CONSENT_PROMISE,
        "consent_sender": consent_sender,
        "consents": set(form.consents if form else view.ticked_consents),
        "wrong": wrong,
        "typed": typed,
        "maps": _question_maps(view),
        "your": _YOUR,
        "who_is": _WHO_IS,
    }


def _as_typed(view: SubmissionView, form: LetterForm | None) -> SubmissionView:
    """The letter as the form says it, which is not saved; words that can't be sent are left out."""
    if form is None:
        return view
    if form.chosen is not None:
        ticked = form.chosen
        targets = tuple(replace(one, is_chosen=one.office.office_id in ticked) for one in view.targets)
        view = replace(view, targets=targets)
    try:
        words = checked_words(form.own_words or "", form.edited_subject, form.edited_body)
    except InputError:
        return view
    typed = {"own_words"} if form.own_words is not None else set()
    typed |= {"edited_subject", "edited_body"} if form.edited_body is not None else set()
    return replace(view, **{name: words[name] for name in typed})


def _changes(view: SubmissionView, form: LetterForm | None, since: int | None) -> list[Phrase] | None:
    """In words, what the letter says otherwise than the page before; None when it is the same."""
    if form is None and since is None:
        return None
    found = changes_since(here().engine, view, form.edition if form else since)
    return None if found is None else [CHANGE_WORDS[change] for change in found]


def _question_maps(view: SubmissionView) -> dict[Chamber, ChamberMap | None]:
    candidates = {
        chamber: [t.office for t in view.targets if t.is_candidate and t.office.chamber is chamber]
        for chamber in view.asked
    }
    jurisdiction = view.stored.campaign.jurisdiction
    return {
        chamber: draw_question(here().engine, jurisdiction, chamber, offices, view.match)
        for chamber, offices in candidates.items()
    }
