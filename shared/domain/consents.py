"""What supporters agree to when they let an organization write to them: the words, and where they stand."""

from shared.domain.phrases import Phrase, phrase

# The pages with the boxes, as they are kept with each consent.
LETTER_PAGE = "letter page"
PREFERENCES_PAGE = "preferences page"
STATUS_PAGE = "status page"
# Pages show these two parts in two voices; together they are the sentence that is agreed to.
CONSENT_PROMISE = phrase("Email me about this campaign and others.")


def consent_sender(organization: str) -> Phrase:
    """From whom, and the way out."""
    return phrase("From %(organization)s. Unsubscribe any time.", organization=organization)


def consent_wording(organization: str) -> Phrase:
    """The whole sentence beside the box, as it is kept with the consent."""
    return phrase("%(promise)s %(sender)s", promise=CONSENT_PROMISE, sender=consent_sender(organization))
