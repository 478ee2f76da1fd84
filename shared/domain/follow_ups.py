"""Follow-up emails: the steps of a campaign's sequence, what starts each, and what must be true when it is due."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

# A step on a date leaves at this hour of the campaign's own time.
_HOUR_OF_DATES = time(9)
# Switches a trigger's usual steps off.
NO_TEMPLATE = "none"
# These pass on what an office wrote back to the supporter, or a supporter to the organizers.
ANSWER = "answer"
REPLY = "reply"
PASSED_ON = (ANSWER, REPLY)
# Tells the organizers of offices' addresses that fail, once a day at most.
ADDRESS_FAILS = "address_fails"
# Tells the organizers of letters whose hold is about to end, once a day at most.
HOLDS_EXPIRE = "holds_expire"
# Tells the organizers of receiving domains that refuse everything, once a day at most.
DOMAIN_REFUSES = "domain_refuses"
# Tells the organizers of receiving domains that accept letters but give hardly any sign of life, once a week at most.
DOMAIN_SILENT = "domain_silent"
TO_ORGANIZERS = (REPLY, ADDRESS_FAILS, HOLDS_EXPIRE, DOMAIN_REFUSES, DOMAIN_SILENT)
# No rule about emails that supporters get from us counts these.
NO_NEWSLETTER = (ANSWER, *TO_ORGANIZERS)
UPDATE = "update"
# The way back to their letters for whoever wrote to the same offices once more, at most one a day.
ALREADY_WROTE = "already_wrote"
# Tells supporters of their letters whose hold is about to end.
HOLD_EXPIRES = "hold_expires"
# The seat changed hands while their letter waited.
NEW_HOLDER = "new_holder"
# What a supporter was promised or must know: the receipt, the copy, a failure, a question about the address, a new
# office holder, the end of a hold. They neither wait for the limit of one email a day nor count toward it; every other
# kind does both.
TRANSACTIONAL = (
    *NO_NEWSLETTER,
    ALREADY_WROTE,
    HOLD_EXPIRES,
    NEW_HOLDER,
    "received",
    "thank_you",
    "failure",
    "fix_address",
    "not_answered_in_time",
)
# Emails that lead to the supporter's own page from the first day on.
WITH_LINK = ("received", "thank_you", "fix_address", ALREADY_WROTE)


class Trigger(StrEnum):
    """What starts a step."""

    ACCEPTED = "accepted"
    FIRST_SENT = "first_sent"
    # Send was pressed, and the district is still a question.
    DOUBTFUL = "doubtful"
    # A letter was refused, bounced or expired.
    FAILED = "failed"
    # The question about the district stayed open until the last day.
    EXPIRED = "expired"
    WON = "won"


class Need(StrEnum):
    """What must be true of submission and campaign when a step is due."""

    NOT_SENT = "not_sent"
    NOT_ANSWERED = "not_answered"
    DOUBTFUL = "doubtful"
    FAILED = "failed"
    CONSENTED = "consented"
    OPEN = "open"
    WON = "won"
    ADDRESS_FAILS = "address_fails"
    DOMAIN_REFUSES = "domain_refuses"
    DOMAIN_SILENT = "domain_silent"
    # The update that it belongs to was not stopped by an organizer.
    NOT_STOPPED = "not_stopped"
    HELD = "held"
    HELD_IN_CAMPAIGN = "held_in_campaign"
    NEW_HOLDER = "new_holder"


CONDITIONS = (Need.NOT_SENT, Need.NOT_ANSWERED, Need.DOUBTFUL, Need.FAILED, Need.CONSENTED)
# What ends the waiting for a step, and what it therefore needs.
STOPS = {"sent": Need.NOT_SENT, "answered": Need.NOT_ANSWERED, "ended": Need.OPEN}
# Folders in templates/emails that a step may name.
STEP_TEMPLATES = (
    "received",
    "thank_you",
    "fix_address",
    "not_answered_in_time",
    "failure",
    "did_they_answer",
    "victory",
)


@dataclass(frozen=True)
class FollowUpStep:
    """One email to the supporter: the folder `template`, so long after `trigger`, or on the date `on` if that is later.

    `condition` is one of CONDITIONS or empty; `stop` holds words of STOPS.
    """

    template: str
    trigger: str
    after_days: int = 0
    after_hours: int = 0
    on: date | None = None
    condition: str = ""
    stop: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[Need, ...]:
        """What must be true when it is due."""
        condition = [Need(self.condition)] if self.condition else []
        return tuple(dict.fromkeys([*condition, *(STOPS[word] for word in self.stop)]))


@dataclass(frozen=True)
class PlannedStep:
    """A step as a row: `number` is its turn among those of its kind, `delay_s` seconds from now."""

    kind: str
    number: int = 0
    delay_s: float = 0.0
    needs: tuple[Need, ...] = ()


USUAL_STEPS = (
    FollowUpStep("received", Trigger.ACCEPTED, after_hours=1, condition="not_sent"),
    FollowUpStep("thank_you", Trigger.FIRST_SENT),
    FollowUpStep("did_they_answer", Trigger.FIRST_SENT, after_days=14, condition="not_answered", stop=("ended",)),
    FollowUpStep("did_they_answer", Trigger.FIRST_SENT, after_days=21, condition="not_answered", stop=("ended",)),
    FollowUpStep("fix_address", Trigger.DOUBTFUL, condition="doubtful"),
    FollowUpStep("fix_address", Trigger.DOUBTFUL, after_days=2, condition="doubtful"),
    FollowUpStep("not_answered_in_time", Trigger.EXPIRED),
    # Half a day in which an organizer may still mend it.
    FollowUpStep("failure", Trigger.FAILED, after_hours=12, condition="failed"),
    FollowUpStep("victory", Trigger.WON, after_hours=1, condition="consented"),
)


def plan(own: tuple[FollowUpStep, ...], trigger: Trigger, at: datetime, zone: ZoneInfo) -> list[PlannedStep]:
    """The emails that `trigger` starts at the moment `at`. A campaign's own steps of a trigger replace the usual ones.

    A date that has passed starts nothing.
    """
    steps = _sequence(own)
    planned = []
    for turn, step in enumerate(steps):
        if step.trigger != trigger or step.template == NO_TEMPLATE:
            continue
        delay = timedelta(days=step.after_days, hours=step.after_hours)
        if step.on is not None:
            delay = max(delay, datetime.combine(step.on, _HOUR_OF_DATES, zone) - at)
            if datetime.combine(step.on + timedelta(days=1), time(), zone) <= at:
                continue
        number = sum(before.template == step.template for before in steps[:turn])
        # A victory may be taken back within the hour.
        needs = (*step.needs, Need.WON) if trigger is Trigger.WON else step.needs
        planned.append(PlannedStep(step.template, number, delay.total_seconds(), needs))
    return planned


def _sequence(own: tuple[FollowUpStep, ...]) -> list[FollowUpStep]:
    named = {step.trigger for step in own}
    return [*own, *(step for step in USUAL_STEPS if step.trigger not in named)]
