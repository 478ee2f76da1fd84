"""What an organizer wants to change about an office: typed, checked against the office as it is, and kept as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from shared.domain.office_changes import ChangeKind
from shared.domain.street_names import fold
from shared.domain.supporter_input import checked_email
from shared.domain.typed_text import clean_line, clean_within
from shared.errors import InputError, NotAllowed

REASON_MAX, NAME_MAX = 300, 120
_AHEAD = timedelta(days=730)
ADDRESSES = ("email", "second_email", "general_email")
NO_DATE = "Enter a day, for example 2027-01-06"
# Changes that may wait for their day.
BY_DATE = frozenset({ChangeKind.VACANT, ChangeKind.SEATED})


@dataclass(frozen=True)
class By:
    """Who changes something: an organizer, or whoever is at the command line."""

    who: str
    organizer_id: int | None = None


@dataclass(frozen=True)
class Wanted:
    """A change that can be made. `details` is what it needs, by kind."""

    kind: ChangeKind
    on: date
    reason: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seat:
    """An office as it is: `holder` and `last` (who held it last) are rows of `office_holder`."""

    office: Mapping[Any, Any]
    holder: Mapping[Any, Any] | None
    last: Mapping[Any, Any] | None
    held_letters: int
    today: date
    # False while no member of the whole chamber is known: then a seat without a holder says nothing.
    is_roster_known: bool

    @property
    def holder_name(self) -> str:
        """Empty while the seat is vacant."""
        return str(self.holder["name"]) if self.holder else ""


def read_wanted(kind: ChangeKind, typed: Mapping[str, str], seat: Seat) -> Wanted:
    """Raises InputError for what was typed, NotAllowed for what the office does not allow now."""
    check_possible(kind, seat)
    errors: dict[str, str] = {}
    details = _collected(errors, _READERS[kind], typed, seat)
    on = _collected(errors, _day, typed, seat) if kind in BY_DATE else seat.today
    reason = clean_within(typed.get("reason", ""), REASON_MAX)
    if reason is None:
        errors["reason"] = f"Use {REASON_MAX} characters at most"
    elif not reason:
        errors["reason"] = "Say why, for organizers who read this later"
    if errors or details is None or on is None or reason is None:
        raise InputError(errors)
    return Wanted(kind, on, reason, details)


def _collected(errors: dict[str, str], read: Any, typed: Mapping[str, str], seat: Seat) -> Any:
    try:
        return read(typed, seat)
    except InputError as error:
        errors.update(error.fields)
        return None


def check_possible(kind: ChangeKind, seat: Seat) -> None:
    """One sentence why not, and what would help."""
    if not seat.is_roster_known and kind is not ChangeKind.ADDRESS:
        raise NotAllowed("Nobody of this whole chamber is known yet. Its legislators have to be imported first.")
    if kind is ChangeKind.VACANT and seat.holder is None:
        raise NotAllowed("Nobody holds this seat: it is vacant already.")
    if kind is ChangeKind.RETURNED and (seat.holder is not None or seat.last is None):
        raise NotAllowed("The seat is held, or nobody is known to have held it.")
    if kind is ChangeKind.ROSTER and not seat.office["roster"]:
        raise NotAllowed("The roster says the same as we do.")
    if kind in (ChangeKind.RELEASED, ChangeKind.WITHDRAWN):
        if seat.holder is not None or not seat.held_letters:
            raise NotAllowed("No letter is held here for a vacant seat.")
        if kind is ChangeKind.RELEASED and not seat.office["general_email"]:
            raise NotAllowed("This office has no address of its own. Add one with “Correct the addresses” first.")


def _addresses(typed: Mapping[str, str], seat: Seat) -> dict[str, Any]:
    """Those that differ from what we have."""
    known = {**(seat.holder or {}), "general_email": seat.office["general_email"]}
    changed, errors = {}, {}
    for name in ADDRESSES:
        if name not in typed or (seat.holder is None and name != "general_email"):
            continue
        value = typed[name].strip()
        if value.lower() == known[name].lower():
            continue
        try:
            changed[name] = checked_email(value) if value else ""
        except InputError as error:
            errors[name] = error.fields["email"]
    if errors:
        raise InputError(errors)
    if not changed:
        raise InputError({"email" if seat.holder else "general_email": "Nothing was changed. Type another address"})
    return changed


def _successor(typed: Mapping[str, str], seat: Seat) -> dict[str, Any]:
    name, errors = clean_within(typed.get("name", ""), NAME_MAX), {}
    if not name:
        errors["name"] = f"Use {NAME_MAX} characters at most" if name is None else "Enter the whole name"
    elif seat.holder is not None and fold(name) == fold(seat.holder["name"]):
        errors["name"] = f"{seat.holder['name']} holds this seat already. Correct the addresses instead"
    email = typed.get("email", "").strip()
    try:
        email = checked_email(email) if email else ""
    except InputError as error:
        errors["email"] = error.fields["email"]
    if errors:
        raise InputError(errors)
    return {"name": name, "party": clean_line(typed.get("party", "")[:NAME_MAX]), "email": email}


def _holder(_typed: Mapping[str, str], seat: Seat) -> dict[str, Any]:
    assert seat.holder is not None  # noqa: S101 - checked before, tells the type
    return {"holder_id": seat.holder["id"], "name": seat.holder["name"]}


def _last(_typed: Mapping[str, str], seat: Seat) -> dict[str, Any]:
    assert seat.last is not None  # noqa: S101 - checked before, tells the type
    return {"holder_id": seat.last["id"], "name": seat.last["name"]}


def _roster(_typed: Mapping[str, str], seat: Seat) -> dict[str, Any]:
    return dict(seat.office["roster"])


def _nothing(_typed: Mapping[str, str], _seat: Seat) -> dict[str, Any]:
    return {}


def _day(typed: Mapping[str, str], seat: Seat) -> date:
    try:
        found = date.fromisoformat(typed.get("on", "").strip())
    except ValueError as error:
        raise InputError({"on": NO_DATE}) from error
    if not date(1900, 1, 1) <= found <= seat.today + _AHEAD:
        raise InputError({"on": "Enter a day no more than two years ahead"})
    return found


_READERS = {
    ChangeKind.ADDRESS: _addresses,
    ChangeKind.VACANT: _holder,
    ChangeKind.SEATED: _successor,
    ChangeKind.RETURNED: _last,
    ChangeKind.ROSTER: _roster,
    ChangeKind.RELEASED: _nothing,
    ChangeKind.WITHDRAWN: _nothing,
}
