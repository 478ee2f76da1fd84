"""What must be true of a campaign before it goes live, each point with the way to mend it. Plain rules, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.campaign_steps import Step
from shared.domain.campaigns import Campaign
from shared.domain.example_text import left_from_example
from shared.domain.letter_versions import asking, first_fitting
from shared.domain.merge_fields import MergeField, find_problems
from shared.domain.places import Office

# Longer ones are cut in the lists of most mail readers.
SUBJECT_LIMIT = 90
_SUBJECT_FIELDS = frozenset(MergeField) - {MergeField.OWN_WORDS}
_NAMED = 5


@dataclass(frozen=True)
class TextProblem:
    """Something wrong on a line (from 1) of a text; `where` names the text, `version` the letter if it is one."""

    step: Step
    where: str
    line: int
    words: str
    version: int = 0


@dataclass(frozen=True)
class Point:
    """One line of the list. `mend` says what to do, `step` where; `is_must` False is advice only."""

    name: str
    is_ok: bool
    words: str
    mend: str = ""
    step: Step | None = None
    is_must: bool = True
    # What mends it when no step does: "test", "delivery", "sender" or "offices".
    deed: str = ""


@dataclass(frozen=True)
class SenderFacts:
    """What DNS said about the sender domain: `faults` None while nobody has asked; `accepted_by` who goes on anyway."""

    domain: str
    faults: Sequence[str] | None = None
    accepted_by: str = ""


@dataclass(frozen=True)
class Facts:
    """What the list needs to know beside the text. `relay` is whether mail can leave this machine."""

    now: datetime
    offices: Sequence[Office]
    has_relay: bool
    is_practice: bool
    is_tested: bool
    sender: SenderFacts


def text_problems(campaign: Campaign) -> list[TextProblem]:
    """Unknown or broken fields, and letters or subjects without words."""
    problems = [
        TextProblem(Step.PAGE, "Page text", line, words)
        for line, words in find_problems(campaign.page, allowed=frozenset())
    ]
    for index, version in enumerate(campaign.versions):
        for where, text, allowed in (
            ("Subject", version.subject, _SUBJECT_FIELDS),
            ("Letter", version.body, frozenset(MergeField)),
        ):
            found = find_problems(text, allowed=allowed)
            if not text.strip():
                found = [(1, f"The {where.lower()} is empty.")]
            named = f"{where} of “{version.name}”" if len(campaign.versions) > 1 else where
            problems += [TextProblem(Step.LETTER, named, line, words, index) for line, words in found]
    return problems


def publish_list(campaign: Campaign, facts: Facts) -> list[Point]:
    """Every point, in the order of the steps."""
    return [
        _complete(campaign),
        _fields(campaign),
        _subjects(campaign),
        _versions(campaign, facts),
        _offices(campaign, facts),
        _deadline(campaign, facts.now),
        _route(facts),
        _sender(facts),
        _tested(facts),
    ]


def is_green(points: Sequence[Point]) -> bool:
    """True when nothing that must be is missing."""
    return all(point.is_ok for point in points if point.is_must)


def _complete(campaign: Campaign) -> Point:
    wanted = (
        ("title", campaign.title),
        ("who is behind it", campaign.host),
        ("lead", campaign.lead),
        ("text", campaign.page),
    )
    missing = [name for name, value in wanted if not value.strip()]
    example = left_from_example(campaign)
    if example:
        words = f"The {example} still has a sentence of the example, which says what belongs there."
        step = Step.LETTER if example == "letter" else Step.PAGE
        return Point("The text is your own", False, words, "Write your own words", step)
    if not missing:
        return Point("The page is complete", True, "Title, host, lead and text are there.")
    words = f"Missing: {', '.join(missing)}."
    return Point("The page is complete", False, words, "Write it", Step.PAGE)


def _fields(campaign: Campaign) -> Point:
    problems = text_problems(campaign)
    if not problems:
        return Point("Every field is known", True, "No letter can leave with an empty or misspelled field.")
    first = problems[0]
    words = f"{first.where}, line {first.line}: {first.words}"
    more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    return Point("Every field is known", False, words + more, "Mend the text", first.step)


def _subjects(campaign: Campaign) -> Point:
    name = "Subjects are short enough"
    long = [version for version in campaign.versions if len(version.subject) > SUBJECT_LIMIT]
    if not long:
        return Point(name, True, f"At most {SUBJECT_LIMIT} characters, so that an office sees all of it.")
    words = f"“{long[0].subject[:40]}…” has {len(long[0].subject)} characters; {SUBJECT_LIMIT} fit."
    return Point(name, False, words, "Shorten it", Step.LETTER)


def _versions(campaign: Campaign, facts: Facts) -> Point:
    name = "Every office has a letter that is meant for it"
    asked = asking(campaign.versions, campaign.exclusions)
    without = [
        office
        for office in _written(campaign, facts.offices)
        if not campaign.is_thanked(office) and first_fitting(asked, office, campaign.groups) is None
    ]
    shadowed = next((one for one in asked[:-1] if one.is_for_all), None)
    if shadowed:
        words = f"“{shadowed.name}” is for everybody, so the versions below it are never used."
        return Point(name, False, words, "Say whom it is for, or move it to the end", Step.LETTER)
    if not without:
        words = "One letter for all." if len(asked) == 1 else f"{len(asked)} versions; the first that fits is used."
        return Point(name, True, words)
    words = f"No version is for {_listed(without)}. They would get “{asked[0].name}”."
    return Point(name, False, words, "Add a version for everybody else, as the last", Step.LETTER)


def _offices(campaign: Campaign, facts: Facts) -> Point:
    name = "Every office can be reached"
    if facts.is_practice:
        words = "No list of legislators is loaded, so letters go to practice offices that nobody reads."
        return Point(name, False, words, "See how to load the real ones", None, is_must=False, deed="offices")
    written = _written(campaign, facts.offices)
    if not written:
        return Point(name, False, "No office is left to write to.", "Choose who is written to", Step.TARGETS)
    silent = [office for office in written if not office.email and not office.vacant]
    vacant = [office for office in written if office.vacant]
    if silent:
        words = f"No email address: {_listed(silent)}. Their letters would wait."
        return Point(name, False, words, "Add the address, or leave these offices out", Step.TARGETS)
    words = f"{len(written)} offices, each with an address."
    if vacant:
        words = f"{len(written)} offices. Vacant: {_listed(vacant)}. Letters to them wait for the next office holder."
    return Point(name, True, words)


def _deadline(campaign: Campaign, now: datetime) -> Point:
    name = "The dates make sense"
    if campaign.deadline and campaign.deadline <= now:
        return Point(name, False, "The deadline has passed.", "Choose a later day", Step.PAGE)
    if campaign.opens and campaign.deadline and campaign.opens >= campaign.deadline:
        return Point(name, False, "It would end before it opens.", "Change one of the days", Step.PAGE)
    return Point(
        name, True, "The deadline is ahead." if campaign.deadline else "No deadline: it runs until you close it."
    )


def _route(facts: Facts) -> Point:
    name = "Letters can leave this machine"
    if facts.has_relay:
        return Point(name, True, "A mail server is configured.")
    words = "Letters stay on this machine, in the local mailbox, until a mail server is configured. Nobody gets them."
    return Point(name, False, words, "See how mail leaves", None, is_must=False, deed="delivery")


def _sender(facts: Facts) -> Point:
    """Nothing leaves without a relay, so that it is only good to know then."""
    name, sender = "Receivers can trust your sender domain", facts.sender
    if sender.faults is None:
        words = f"Nobody has checked yet what DNS says about {sender.domain}."
        mend = "Check the sender domain"
        return Point(name, False, words, mend, None, is_must=facts.has_relay, deed="sender")
    if not sender.faults:
        return Point(name, True, f"DNS says about {sender.domain} what receivers want to know.")
    listed = f"To mend for {sender.domain}: {', '.join(sender.faults)}."
    if sender.accepted_by:
        return Point(name, True, f"{listed} {sender.accepted_by} decided to go on all the same.")
    words = f"{listed} Offices may refuse your letters, or you don't learn of those that come back."
    return Point(name, False, words, "See what to mend", None, is_must=facts.has_relay, deed="sender")


def _tested(facts: Facts) -> Point:
    name = "You have read the letters as an email"
    if facts.is_tested:
        return Point(name, True, "A test of exactly these words was sent.")
    return Point(name, False, "No test of these words was sent yet.", "Send me a test", None, deed="test")


def _written(campaign: Campaign, offices: Sequence[Office]) -> list[Office]:
    return [
        office for office in offices if office.chamber in campaign.chambers and campaign.why_left_out(office) is None
    ]


def _listed(offices: Sequence[Office]) -> str:
    shown = ", ".join(f"{office.title} {office.holder or office.district}" for office in offices[:_NAMED])
    return f"{shown} and {len(offices) - _NAMED} more" if len(offices) > _NAMED else shown
