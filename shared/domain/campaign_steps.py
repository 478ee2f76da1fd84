"""The steps in which organizers edit a campaign, and which of its fields each step holds."""

import json
from enum import StrEnum
from hashlib import sha256

from shared.domain.campaigns import Campaign, to_document
from shared.domain.letter_versions import LetterVersion


class Step(StrEnum):
    """In the order in which a new campaign is made."""

    PAGE = "page"
    LETTER = "letter"
    TARGETS = "targets"
    SHARE = "share"
    FOLLOW_UPS = "follow-ups"
    PUBLISH = "publish"


STEP_FIELDS: dict[Step, tuple[str, ...]] = {
    Step.PAGE: (
        *("title", "host", "host_url", "lead", "page", "form_prompt", "deadline", "opens", "color", "logo"),
        *("sponsors", "consents", "privacy"),
    ),
    Step.LETTER: ("versions", "own_words_prompt", "held_phrases"),
    Step.TARGETS: ("chambers", "groups", "exclusions", "office_hours"),
    Step.SHARE: ("goal", "from_name"),
    Step.FOLLOW_UPS: ("follow_ups", "won_message"),
    Step.PUBLISH: (),
}
# What the test emails show.
_LETTERS = ("versions", "from_name", "host")


def step_mark(campaign: Campaign, step: Step) -> str:
    """Changes with whatever the step holds, so that a save knows whether somebody else saved meanwhile."""
    return _mark(campaign, STEP_FIELDS[step])


def whole_mark(campaign: Campaign) -> str:
    """Changes with anything of it."""
    return _mark(campaign, tuple(to_document(campaign)))


def letters_mark(campaign: Campaign) -> str:
    """Changes with the letters: other words than those that were tested need a new test."""
    return _mark(campaign, _LETTERS)


def changed_steps(one: Campaign, other: Campaign) -> list[Step]:
    """The steps in which the two differ."""
    return [step for step in Step if step_mark(one, step) != step_mark(other, step)]


def moved(versions: tuple[LetterVersion, ...], index: int, by: int) -> tuple[LetterVersion, ...]:
    """The versions with one of them moved up (-1) or down (1); the ends stay where they are."""
    target = index + by
    if not (0 <= index < len(versions) and 0 <= target < len(versions)):
        return versions
    turned = list(versions)
    turned[index], turned[target] = turned[target], turned[index]
    return tuple(turned)


def _mark(campaign: Campaign, names: tuple[str, ...]) -> str:
    document = to_document(campaign)
    return sha256(json.dumps([document[name] for name in names], sort_keys=True).encode()).hexdigest()[:16]
