"""Where an address lies and why it got its offices. Nothing typed here is stored, sent on, or put into an address."""

from flask import Response, make_response, render_template

from shared.domain.address_lines import split_line
from shared.domain.permissions import Permission
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus
from shared.domain.us_states import STATES, UsState
from shared.services.campaigns import list_campaigns
from shared.services.lookup import look_up
from shared.services.lookup.explanation import explain_steps
from shared.services.lookup.maps import draw_maps
from shared.services.stored_lookup import read_stored_lookup
from shared.settings import read_geocoders
from web.admin import ROW_ID, bp
from web.admin.guard import needs
from web.context import here
from web.forms.lookup import LookupForm
from web.security import keep_private

_CHAMBERS = tuple(Chamber)


@bp.route("/lookup", methods=["GET", "POST"])
@needs(Permission.SEE_INSTALLATION, does="looked up an address")
def lookup() -> Response:
    """An address typed by an organizer; own data only, because no page waits for an outside service."""
    form = LookupForm()
    states = _states()
    state = STATES.get((form.jurisdiction.data or "").upper(), states[0])
    page: dict[str, object] = {"form": form, "states": states, "state": state, "outside": _outside()}
    if form.validate_on_submit():
        address = _typed(form, state)
        result = look_up(here().engine, here().settings, state.code, _CHAMBERS, address, remote=False)
        page |= _values(state.code.lower(), address, result)
        page["unanswered"] = result.status is LookupStatus.NO_MATCH
    return keep_private(make_response(render_template("admin/lookup.html", **page)))


@bp.get(f"/letters/<{ROW_ID}:letter_id>/office")
@needs(Permission.SEE_CAMPAIGN, sees="looked at where a supporter lives")
def letter_office(letter_id: int) -> Response:
    """How the office of a letter was found, from what its submission keeps."""
    stored = read_stored_lookup(here().engine, letter_id)
    values = _values(stored.jurisdiction, stored.address, stored.result)
    return keep_private(make_response(render_template("admin/letter_office.html", letter_id=letter_id, **values)))


def _values(jurisdiction: str, address: HomeAddress, result: LookupResult) -> dict[str, object]:
    return {
        "result": result,
        "steps": explain_steps(address, result, jurisdiction),
        "maps": draw_maps(here().engine, jurisdiction, result),
    }


def _typed(form: LookupForm, state: UsState) -> HomeAddress:
    """The fields as typed; a whole address in the first one is taken apart."""
    street, city, zip5 = (field.data or "" for field in (form.street, form.city, form.zip))
    return HomeAddress(street, city, state.code, zip5) if city or zip5 else split_line(street, state.code)


def _states() -> list[UsState]:
    """The states of the campaigns, newest campaign first; all of them while there is no campaign."""
    codes = dict.fromkeys(one.campaign.jurisdiction.upper() for one in list_campaigns(here().engine))
    return [STATES[code] for code in codes if code in STATES] or list(STATES.values())


def _outside() -> list[str]:
    """The services that a worker would ask next."""
    return [name.title() for name, _ in read_geocoders(here().settings.geocoders)]
