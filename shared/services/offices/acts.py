"""How each kind of change is written to a seat. The caller has locked the office, and brings its letters along after.

A detail that an organizer typed is named in `corrected`, and a seating or an ending that is theirs is marked `is_ours`:
by these an import knows what to leave alone (`shared/services/imports/our_word.py`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from shared.db import directory, office_addresses, office_changes
from shared.domain.office_changes import ChangeKind
from shared.domain.person_names import split_name
from shared.errors import NotAllowed
from shared.services.offices.wanted import Seat

ROSTER_FIELDS = ("name", "given_name", "family_name", "party", "email", "phone", "postal_address")


def apply(connection: Connection, kind: ChangeKind, seat: Seat, details: Mapping[str, Any], on: date) -> None:
    """Changes the seat; raises NotAllowed when it is not any more as it was when this was planned."""
    _ACTS[kind](connection, seat, details, on)
    directory.unsettle(connection, seat.office["id"])


def _correct(connection: Connection, seat: Seat, details: Mapping[str, Any], _on: date) -> None:
    if "general_email" in details:
        directory.change_office(connection, seat.office["id"], general_email=details["general_email"])
    given = {name: details[name] for name in ("email", "second_email") if name in details}
    if not given or seat.holder is None:
        return
    _remember_roster(connection, seat)
    office_addresses.write_addresses(connection, seat.holder["id"], given)
    if "email" in given:
        roster = seat.office["roster"] or {}
        imported = roster.get("email") if roster.get("person_id") == seat.holder["person_id"] else None
        corrected = {*seat.holder["corrected"], "email"} - ({"email"} if imported == given["email"] else set())
        office_changes.change_holder(connection, seat.holder["id"], corrected=sorted(corrected))


def _vacate(connection: Connection, seat: Seat, details: Mapping[str, Any], on: date) -> None:
    if seat.holder is None or seat.holder["id"] != details["holder_id"]:
        raise NotAllowed(f"{details['name']} does not hold this seat any more.")
    _end(connection, seat, on)


def _seat(connection: Connection, seat: Seat, details: Mapping[str, Any], on: date) -> None:
    if seat.holder is not None and seat.holder["name"] == details["name"]:
        raise NotAllowed(f"{details['name']} holds this seat already.")
    if seat.holder is not None:
        _end(connection, seat, on)
    given, family = split_name(details["name"])
    typed = [name for name in ("name", "party", "email") if details[name]]
    values = {**details, "given_name": given, "family_name": family, "corrected": typed, "is_ours": True}
    directory.open_holder(connection, seat.office["id"], on, None, **values)


def _return(connection: Connection, seat: Seat, details: Mapping[str, Any], _on: date) -> None:
    if seat.holder is not None:
        raise NotAllowed("Somebody else holds this seat now.")
    # Whom an organizer had sent away, the roster still names: then nothing is left to disagree about.
    was_ours = seat.last is not None and seat.last["id"] == details["holder_id"] and seat.last["is_ours"]
    office_changes.change_holder(connection, details["holder_id"], valid_to=None, is_ours=not was_ours)


def _take_roster(connection: Connection, seat: Seat, details: Mapping[str, Any], on: date) -> None:
    values = {name: details[name] for name in ROSTER_FIELDS}
    if seat.holder is not None and seat.holder["person_id"] == details["person_id"]:
        directory.change_holder(connection, seat.holder["id"], **values, corrected=[], is_ours=False)
    else:
        if seat.holder is not None:
            directory.end_holder(connection, seat.holder["id"], on)
        office_changes.forgive_ended(connection, seat.office["id"], details["person_id"])
        directory.open_holder(connection, seat.office["id"], on, None, person_id=details["person_id"], **values)
    directory.change_office(connection, seat.office["id"], roster=None)


def _end(connection: Connection, seat: Seat, on: date) -> None:
    assert seat.holder is not None  # noqa: S101 - checked by the callers, tells the type
    _remember_roster(connection, seat)
    directory.end_holder(connection, seat.holder["id"], on)
    office_changes.change_holder(connection, seat.holder["id"], is_ours=bool(seat.holder["person_id"]))


def _remember_roster(connection: Connection, seat: Seat) -> None:
    """What the last import said of the holder, before it is changed the first time."""
    holder = seat.holder
    if holder is not None and holder["person_id"] and not holder["is_ours"] and not seat.office["roster"]:
        said = {name: holder[name] for name in ("person_id", *ROSTER_FIELDS)}
        directory.change_office(connection, seat.office["id"], roster=said)


_ACTS: dict[ChangeKind, Callable[[Connection, Seat, Mapping[str, Any], date], None]] = {
    ChangeKind.ADDRESS: _correct,
    ChangeKind.VACANT: _vacate,
    ChangeKind.SEATED: _seat,
    ChangeKind.RETURNED: _return,
    ChangeKind.ROSTER: _take_roster,
}
