"""What the letter page shows: legislators or the question which are one's own, the letter, and everything typed."""

from flask import Response, make_response, render_template, request

from shared.domain.consents import CONSENT_PROMISE, consent_sender
from shared.domain.phrases import phrase
from shared.domain.places import Chamber
from shared.domain.states import LOOKUP_WAITING, SubmissionState
from shared.services.lookup.maps import ChamberMap, draw_question
from shared.services.submission_view import SubmissionView, editable_letter_of, preview_letters
from web.context import here
from web.forms.supporter import LetterForm
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
    view: SubmissionView, form: LetterForm | None = None, wrong: dict[str, str] | None = None, *, status: int = 200
) -> Response:
    """The whole page; with a form as it was typed, and what is wrong with it."""
    return keep_private(make_response(render_template("letter.html", **_values(view, form, wrong or {})), status))


def _values(view: SubmissionView, form: LetterForm | None, wrong: dict[str, str]) -> dict[str, object]:
    typed = request.form
    editing = "edit" in request.args or "edited_body" in typed
    return {
        "view": view,
        "campaign": view.stored.campaign,
        "waiting": view.state in LOOKUP_WAITING,
        "asking": view.state is SubmissionState.NEEDS_ADDRESS or "address" in request.args or "street" in wrong,
        "previews": preview_letters(view),
        "editable": editable_letter_of(view) if editing else None,
        "edited_subject": typed.get("edited_subject"),
        "edited_body": typed.get("edited_body"),
        "own_words": typed.get("own_words", view.own_words),
        "ticked": set(form.to.data or []) if form and "boxes" in typed else {o.office_id for o in view.chosen},
        "consent_promise": CONSENT_PROMISE,
        "consent_sender": consent_sender,
        "consents": set(form.consents.data or []) if form else set(),
        "wrong": wrong,
        "typed": typed,
        "maps": _question_maps(view),
        "your": _YOUR,
        "who_is": _WHO_IS,
    }


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
