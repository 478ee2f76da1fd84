"""The follow-up steps in a campaign's file: reads, checks and writes `[[follow_ups]]`."""

from datetime import date, datetime
from typing import Any

from shared.domain.follow_ups import CONDITIONS, NO_TEMPLATE, STEP_TEMPLATES, STOPS, FollowUpStep, Trigger

_KEYS = ("template", "trigger", "after_days", "after_hours", "on", "condition", "stop")
# Ten years.
_MOST_DAYS = 3_650


def parse_step(values: dict[str, Any]) -> tuple[FollowUpStep | None, list[str]]:
    """The step, and what is wrong with it, in plain words; None when anything is."""
    problems = [
        f"{key} is not a setting of a follow-up. It takes {', '.join(_KEYS)}." for key in values.keys() - set(_KEYS)
    ]
    problems += _check_word(values, "template", (*STEP_TEMPLATES, NO_TEMPLATE), needed=True)
    problems += _check_word(values, "trigger", tuple(Trigger), needed=True)
    problems += _check_word(values, "condition", CONDITIONS)
    stop = values.get("stop", [])
    if not isinstance(stop, list) or any(word not in STOPS for word in stop):
        problems.append(f"stop must be a list of {', '.join(STOPS)}.")
    for key, most in (("after_days", _MOST_DAYS), ("after_hours", _MOST_DAYS * 24)):
        value = values.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            problems.append(f"{key} must be a whole number from 0 to {most}.")
    on = values.get("on")
    if on is not None and (not isinstance(on, date) or isinstance(on, datetime)):
        problems.append("on must be a date such as 2027-01-31 without quotes.")
    if problems:
        return None, problems
    return FollowUpStep(**{**values, "stop": tuple(stop)}), []


def step_table(step: FollowUpStep) -> dict[str, Any]:
    """What stands in the file for a step: template, trigger, and whatever else is set."""
    table = {key: getattr(step, key) for key in _KEYS}
    table["stop"] = list(step.stop)
    return {key: value for key, value in table.items() if value or key in ("template", "trigger")}


def _check_word(values: dict[str, Any], key: str, known: tuple[str, ...], *, needed: bool = False) -> list[str]:
    value = values.get(key, "")
    if value in known or (not value and not needed):
        return []
    return [f"{key} must be one of {', '.join(known)}."]
