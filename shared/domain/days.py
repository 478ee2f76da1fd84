"""Which day it is, in a campaign's time zone or in a state. In the evening it is tomorrow in UTC already.

Everything that is written down or shown as a day asks here (`tests/contracts/test_days.py`).
"""

from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

# Years that a campaign may be in. Those near 1 and 9999 have moments that other time zones can't tell.
YEARS = range(2000, 9_000)
_ZONES = {
    "America/Chicago": "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR VI",
    "Pacific/Guam": "GU MP",
    "Pacific/Pago_Pago": "AS",
}
_ZONE_OF = {code: zone for zone, codes in _ZONES.items() for code in codes.split()}
_EASTERN = "America/New_York"
# Where each day begins first.
_FARTHEST_AHEAD = "GU"


def day_in(zone: tzinfo | str, at: datetime) -> date:
    """The day it is at this moment in a time zone."""
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone).date()


def local_day(state_code: str, at: datetime) -> date:
    """The day it is in most of a state: seats change hands at its midnight, not at ours."""
    return day_in(_ZONE_OF.get(state_code.upper(), _EASTERN), at)


def newest_day(at: datetime) -> date:
    """The day it is in the state that is farthest ahead."""
    return local_day(_FARTHEST_AHEAD, at)
