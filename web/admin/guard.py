"""Default deny: every organizer page asks for a session, and no answer is kept by browsers.

The cookie is shared with the supporter's own letters and lives as long as they do; the sign-in carries its own times.
"""

from datetime import timedelta

from flask import Response, abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.errors import IllegalTransition, InputError, NotAllowed
from shared.services.organizers import OrganizerSession, find_session
from web.admin import bp
from web.context import here
from web.public.owned import forget_all_else

OPEN_ENDPOINTS = frozenset({"admin.sign_in"})
SESSION_LIFETIME = timedelta(hours=12)
IDLE_LIFETIME = timedelta(hours=2)
# The time of last use is written no more often than this.
_USE_NOTED_EVERY = timedelta(minutes=5)
_KEY, _USED = "signed_in", "used_at"


def begin_session(organizer: OrganizerSession) -> None:
    """Starts a fresh session, so that a form token from before the sign-in is worth nothing."""
    forget_all_else()
    session[_KEY] = [organizer.id, organizer.session_epoch, _seconds()]
    session[_USED] = _seconds()
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
    g.organizer = _known_organizer()
    if g.organizer is None:
        wanted = request.full_path.removesuffix("?") if request.method == "GET" else None
        return redirect(url_for("admin.sign_in", next=wanted), 303)
    return None


def _known_organizer() -> OrganizerSession | None:
    """Whose session it is, None when nobody's or when one of its times is over."""
    known = session.get(_KEY)
    if known is None:
        return None
    organizer_id, epoch, began = known
    idle = _seconds() - session[_USED]
    if _seconds() - began > SESSION_LIFETIME.total_seconds() or idle > IDLE_LIFETIME.total_seconds():
        return None
    # A page that refreshes itself is no use: nobody may be looking.
    if idle > _USE_NOTED_EVERY.total_seconds() and request.endpoint != "admin.live":
        session[_USED] = _seconds()
    return find_session(here().engine, organizer_id, epoch)


def _seconds() -> int:
    return int(now().timestamp())


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
    if "slug" in parts and "number" in parts:
        return redirect(url_for("admin.update", slug=parts["slug"], number=parts["number"]), 303)
    if "slug" in parts:
        return redirect(url_for("admin.campaign", slug=parts["slug"]), 303)
    if "move" in parts:
        return redirect(url_for("admin.delivery"), 303)
    return redirect(url_for("admin.overview"), 303)


@bp.errorhandler(InputError)
def explain_input(error: InputError) -> ResponseReturnValue:
    """Says what to mend."""
    for words in error.fields.values():
        flash(words, "problem")
    return redirect(request.path, 303)
