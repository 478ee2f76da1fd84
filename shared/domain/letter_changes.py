"""What of a letter can change between reading and sending it, and how that is said to its writer."""

from enum import StrEnum

from shared.domain.campaigns import Campaign
from shared.domain.letter_versions import LetterVersion
from shared.domain.phrases import Phrase, phrase


class Change(StrEnum):
    """What is different, in the order in which it is said."""

    OFFICES = "offices"
    SUBJECT = "subject"
    TEXT = "text"
    CONSENTS = "consents"


CHANGE_WORDS: dict[Change, Phrase] = {
    Change.OFFICES: phrase("The letter now goes to different offices."),
    Change.SUBJECT: phrase("The subject changed."),
    Change.TEXT: phrase("The text of the letter changed."),
    Change.CONSENTS: phrase("Different groups now ask to email you."),
}


def changed_consents(read: Campaign, current: Campaign) -> set[Change]:
    """Whether other organizations ask for consent."""
    return {Change.CONSENTS} if read.consents != current.consents else set()


def changed_anywhere(read: Campaign, current: Campaign) -> set[Change]:
    """What is different for any office, while it is not known to which ones a supporter writes."""

    def of(campaign: Campaign) -> dict[Change, object]:
        return {
            Change.OFFICES: ([_audience(one) for one in campaign.versions], campaign.groups, campaign.exclusions),
            Change.SUBJECT: [one.subject for one in campaign.versions],
            Change.TEXT: [one.body for one in campaign.versions],
        }

    before, after = of(read), of(current)
    return {change for change in before if before[change] != after[change]}


def _audience(version: LetterVersion) -> object:
    return version.chambers, version.parties, version.offices, version.groups
