"""What supporters agree to when they let an organization write to them: the words, and where they stand."""

# The pages with the boxes, as they are kept with each consent.
LETTER_PAGE = "letter page"
PREFERENCES_PAGE = "preferences page"
# Pages show these two parts in two voices; together they are the sentence that is agreed to.
CONSENT_PROMISE = "Email me about this campaign and others."


def consent_sender(organization: str) -> str:
    """From whom, and the way out."""
    return f"From {organization}. Unsubscribe any time."


def consent_wording(organization: str) -> str:
    """The whole sentence beside the box, as it is kept with the consent."""
    return f"{CONSENT_PROMISE} {consent_sender(organization)}"
