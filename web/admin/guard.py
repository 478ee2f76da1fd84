"""Default deny: every organizer page asks for a session, and no answer is kept by browsers."""

from flask import Response, abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.errors import IllegalTransition, InputError, NotAllowed
from shared.services.organizers import OrganizerSession, find_session
from web.admin import bp
from web.context import here
from web.public.owned import forget_all_else

OPEN_ENDPOINTS = frozenset({"admin.sign_in"})
_KEY = "organizer"


def begin_session(organizer: OrganizerSession) -> None:
    """Starts a fresh session, so that a form token from before the sign-in is worth nothing."""
    forget_all_else()
    session[_KEY] = [organizer.id, organizer.session_epoch]
    session["one_time"] = organizer.used_one_time


def organizer() -> OrganizerSession:
    """Who is signed in."""
    found = g.get("organizer")
    if not isinstance(found, OrganizerSession):
        abort(403)
    return found


@bp.before_request
def require_organizer() -> ResponseReturnValue | None:
    """Sends everybody without a session to the sign-in page."""
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    known = session.get(_KEY)
    g.organizer = find_session(here().engine, *known) if known else None
    if g.organizer is None:
        return redirect(url_for("admin.sign_in", next=request.path if request.method == "GET" else None), 303)
    return None


@bp.after_request
def keep_nothing(response: Response) -> Response:
    """Organizer pages hold names and addresses."""
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.errorhandler(NotAllowed)
@bp.errorhandler(IllegalTransition)
def explain(error: NotAllowed | IllegalTransition) -> ResponseReturnValue:
    """Says why, on the page where the button was."""
    flash(str(error), "problem")
    parts = request.view_args or {}
    if "letter_id" in parts:
        return redirect(url_for("admin.letter", letter_id=parts["letter_id"]), 303)
    if "slug" in parts:
        return redirect(url_for("admin.campaign", slug=parts["slug"]), 303)
    return redirect(url_for("admin.overview"), 303)


@bp.errorhandler(InputError)
def explain_input(error: InputError) -> ResponseReturnValue:
    """Says what to mend."""
    for words in error.fields.values():
        flash(words, "problem")
    return redirect(request.path, 303)
