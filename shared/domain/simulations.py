"""The simulated action day: its addresses say what their mail server does, so that the sink needs no script but these.

All domains end in `.simulation.example`, which by RFC 2606 no mail can ever reach.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

SLUG = "simulation"
_SUFFIX = "simulation.example"
SUPPORTERS = f"people.{_SUFFIX}"
QUICK, SLOW = f"quick.{_SUFFIX}", f"slow.{_SUFFIX}"
GREYLIST, POLICY = f"greylist.{_SUFFIX}", f"policy.{_SUFFIX}"
_GONE, _LATE = "gone-", "late-"
SLOW_S = 1.0
# A bounce that comes after the mail was taken.
LATE_AFTER_S = 15.0
_ACCEPTED = "250 2.0.0 Taken"
# Most supporters come right after the call: the crowd falls to a third of itself in this share of the time.
_DECAY_SHARE = 0.4


@dataclass(frozen=True)
class SimulatedAnswer:
    """What the sink says to a recipient: `refusal` at once, or after `seconds` that it took the mail."""

    refusal: str = ""
    seconds: float = 0.0
    bounces_late: bool = False

    @property
    def reply(self) -> str:
        """The answer to a message."""
        return _ACCEPTED


@dataclass(frozen=True)
class PlantedSeat:
    """One office of the simulated state. Nobody holds it when `holder` is empty."""

    chamber: str
    district: str
    holder: str
    email: str
    problem: str = ""


@dataclass(frozen=True)
class Planted:
    """A planted problem in words, and where it shows: letters in one of `states` for offices of this problem."""

    words: str
    states: tuple[str, ...]


PLANTED: Mapping[str, Planted] = {
    "gone": Planted("addresses that do not exist", ("rejected", "held")),
    "late": Planted("mail that comes back after it was taken", ("bounced", "held")),
    "vacant": Planted("vacant seats", ("held",)),
    "no_email": Planted("an office without an email address", ("held",)),
    "greylist": Planted("a domain that says “later” at first", ("deferred", "sent")),
    "slow": Planted("a slow domain", ("queued", "sending", "sent")),
    "policy": Planted("a domain that refuses all letters", ("rejected",)),
}
_HOUSE, _SENATE = 40, 10
_PROBLEMS = {
    "lower": {1: "gone", 2: "gone", 3: "late", 4: "vacant", 5: "vacant", 6: "no_email"}
    | {7: "greylist", 8: "greylist", 9: "slow", 10: "slow", 11: "policy", 12: "policy"},
    "upper": {1: "vacant", 2: "greylist", 3: "late"},
}


def is_simulated(address: str) -> bool:
    """True for every address of the simulation, and for no other."""
    return address.rpartition("@")[2].lower().endswith(f".{_SUFFIX}")


def answer_to(recipient: str, *, is_first_try: bool) -> SimulatedAnswer:
    """What the mail server of a simulated address does."""
    local, _, domain = recipient.lower().rpartition("@")
    if local.startswith(_GONE):
        return SimulatedAnswer("550 5.1.1 There is nobody of that name here")
    if domain == POLICY:
        return SimulatedAnswer("550 5.7.1 Refused by our policy")
    if domain == GREYLIST and is_first_try:
        return SimulatedAnswer("450 4.2.0 Greylisted, please come back later")
    return SimulatedAnswer(seconds=SLOW_S if domain == SLOW else 0.0, bounces_late=local.startswith(_LATE))


def seats() -> list[PlantedSeat]:
    """All offices of the simulated state, with their planted problems."""
    return [
        _seat(chamber, number)
        for chamber, count in (("lower", _HOUSE), ("upper", _SENATE))
        for number in range(1, count + 1)
    ]


def arrival_s(number: int, of: int, within_s: float) -> float:
    """When the supporter with this number (from 0) comes: a burst at first that decays."""
    scale = within_s * _DECAY_SHARE
    share = (number + 0.5) / of
    return -scale * math.log1p(-share * -math.expm1(-within_s / scale))


def _seat(chamber: str, number: int) -> PlantedSeat:
    problem = _PROBLEMS[chamber].get(number, "")
    district = f"{number} Simulation" if chamber == "lower" else f"Simulation {number}"
    holder = "" if problem == "vacant" else f"Sim {'Rep' if chamber == 'lower' else 'Sen'}{number}"
    prefix = {"gone": _GONE, "late": _LATE}.get(problem, "")
    domain = {"slow": SLOW, "greylist": GREYLIST, "policy": POLICY}.get(problem, QUICK)
    email = "" if problem in ("vacant", "no_email") else f"{prefix}{chamber}{number}@{domain}"
    return PlantedSeat(chamber, district, holder, email, problem)
