"""Why a letter can't leave for an office as it is now."""

from shared.domain.causes import Cause
from shared.domain.places import Office
from shared.domain.states import HoldReason, LetterState

# Holds that end, or change, with the office.
OF_THE_OFFICE = (HoldReason.VACANT_SEAT, HoldReason.NO_EMAIL, HoldReason.ADDRESS_FAILING)


def waits_for_writer(state: str, hold_reason: str | None) -> bool:
    """True for a letter whose seat changed hands, and whose writer was asked what becomes of it."""
    return state == LetterState.HELD and hold_reason == HoldReason.NEW_HOLDER


def why_held(office: Office) -> tuple[HoldReason, Cause]:
    """For an office without a holder, or whose holder has no address that works."""
    if office.vacant:
        return HoldReason.VACANT_SEAT, Cause.VACANT_SEAT
    if office.is_failing:
        return HoldReason.ADDRESS_FAILING, Cause.ADDRESS_FAILING
    return HoldReason.NO_EMAIL, Cause.NO_EMAIL
