"""Default deny: every organizer page asks for a session and for a permission, and no answer is kept by browsers.

The cookie is shared with the supporter's own letters and lives as long as they do; the sign-in carries its own times.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from flask import Response, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.domain.devices import device_words
from shared.domain.permissions import OF_A_CAMPAIGN, Access, Permission
from shared.errors import IllegalTransition, InputError, NotAllowed, NotFound
from shared.services import audit
from shared.services.campaigns import NO_CAMPAIGN
from shared.services.organizer_sessions import note_use, open_session
from shared.services.organizers import OrganizerSession, find_session
from shared.services.people import who_may
from web.admin import bp
from web.context import here
from web.organizer_session import KEY, USED, read_session
from web.public.owned import forget_all_else

OPEN_ENDPOINTS = frozenset({"admin.sign_in", "admin.sign_in_code", "admin.join"})
# The time of last use is written no more often than this.
_USE_NOTED_EVERY = timedelta(minutes=5)
_View = TypeVar("_View", bound=Callable[..., object])
# By endpoint: which permission a view asks for, and what the audit log calls what is seen or done there.
PERMISSIONS: dict[str, Permission] = {}
SEEN: dict[str, str] = {}
DONE: dict[str, str] = {}
# Forms that scripts post again and again while somebody types.
OFTEN: set[str] = set()


def needs(
    permission: Permission, *, sees: str = "", does: str | None = "", often: bool = False
) -> Callable[[_View], _View]:
    """Declares what a view asks for. It stands right under the view's route.

    `sees` names the personal data that it shows, "" for none; `does` what its form does, if its name does not say it,
    None when it changes nothing; `often` when it is posted while somebody types.
    """

    def declare(view: _View) -> _View:
        endpoint = f"{bp.name}.{view.__name__}"
        PERMISSIONS[endpoint] = permission
        SEEN[endpoint] = sees
        DONE[endpoint] = "" if does is None else does or view.__name__.replace("_", " ")
        if often:
            OFTEN.add(endpoint)
        return view

    return declare


def begin_session(organizer: OrganizerSession) -> None:
    """Starts a fresh session, so that a form token from before the sign-in is worth nothing."""
    forget_all_else()
    number = open_session(here().engine, organizer.id, device_words(request.headers.get("User-Agent", "")))
    session[KEY] = [organizer.id, organizer.session_epoch, _seconds(), number]
    session[USED] = _seconds()
    session["one_time"] = organizer.used_one_time


def session_number() -> int:
    """Which of the organizer's sessions this is."""
    return int(session[KEY][-1])


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
    g.organizer = known_organizer()
    if g.organizer is None:
        wanted = request.full_path.removesuffix("?") if request.method == "GET" else None
        return redirect(url_for("admin.sign_in", next=wanted), 303)
    permission = PERMISSIONS.get(request.endpoint or "")
    if permission is None or not g.organizer.access.may(permission):
        return _refuse(g.organizer, permission)
    return None


def _refuse(signed_in: OrganizerSession, permission: Permission | None) -> ResponseReturnValue:
    """A campaign that is not one's own can't even be seen to exist."""
    if permission in OF_A_CAMPAIGN and signed_in.access.role is None:
        raise NotFound(NO_CAMPAIGN)
    askable = who_may(here().engine, permission, signed_in.campaign_id) if permission else []
    return render_template("admin/refused.html", role=signed_in.access.role, askable=askable), 403


@bp.app_template_global()
def may_open(endpoint: str, access: Access | None = None) -> bool:
    """For templates, so that nobody meets a button that is refused. In the campaign which the page is about."""
    return (access or organizer().access).may(PERMISSIONS[endpoint])


@bp.app_template_global()
def runners() -> Sequence[str]:
    """For templates: whom to ask for what concerns all campaigns."""
    if "runners" not in g:
        g.runners = who_may(here().engine, Permission.RUN_INSTALLATION, None)
    found: Sequence[str] = g.runners
    return found


def known_organizer() -> OrganizerSession | None:
    """Whose session it is, None when nobody's or when one of its times is over."""
    known = read_session(_seconds())
    if known is None:
        return None
    if known.idle_s > _USE_NOTED_EVERY.total_seconds() and not _asks_by_itself():
        session[USED] = _seconds()
        note_use(here().engine, known.number)
    asked = request.view_args or {}
    slug, letter_id = asked.get("slug"), asked.get("letter_id")
    return find_session(here().engine, known.organizer_id, known.epoch, known.number, slug=slug, letter_id=letter_id)


# The parts of the live page, also for browsers that don't say who asks.
_LIVE_PARTS = frozenset({"admin.live", "admin.live_flow", "admin.live_map"})


def _asks_by_itself() -> bool:
    """A page that refreshes itself is no use: nobody may be looking. Words that save themselves were typed."""
    by_script = request.headers.get("Sec-Fetch-Dest") == "empty"
    return request.endpoint in _LIVE_PARTS or (by_script and request.method == "GET")


def _seconds() -> int:
    return int(now().timestamp())


@bp.after_request
def write_down(response: Response) -> Response:
    """The audit log: every change that went through, and every look at personal data."""
    found, endpoint = g.get("organizer"), request.endpoint or ""
    is_change = request.method == "POST"
    action = (DONE if is_change else SEEN).get(endpoint, "")
    went_through = response.status_code < HTTPStatus.BAD_REQUEST and not g.get("changed_nothing")
    if isinstance(found, OrganizerSession) and action and went_through:
        about = g.get("audit_about") or ", ".join(
            f"{name.removesuffix('_id')} {value}" for name, value in (request.view_args or {}).items() if name != "slug"
        )
        once = not is_change or endpoint in OFTEN
        audit.write_down(here().engine, found, action, is_change=is_change, about=about, once=once)
    return response


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
    if "office_id" in parts:
        return redirect(url_for("admin.office", office_id=parts["office_id"]), 303)
    if request.path.startswith(url_for("admin.delivery")):
        return redirect(url_for("admin.delivery"), 303)
    return redirect(url_for("admin.overview"), 303)


@bp.errorhandler(InputError)
def explain_input(error: InputError) -> ResponseReturnValue:
    """Says what to mend."""
    for words in error.fields.values():
        flash(words, "problem")
    return redirect(request.path, 303)
