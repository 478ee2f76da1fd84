"""The text with which a new campaign begins. It shows what belongs where, and must be replaced before it goes live."""

from shared.domain.campaigns import Campaign

EXAMPLE_LEAD = "One sentence that says what you ask for, and why now."
EXAMPLE_PAGE = """Say in two or three sentences what is wrong, and for whom. Name the place, not the policy.

## Why it matters

- The first reason, in words that you would use at a kitchen table.
- The second reason, with one number that people remember.

## What we ask for

- **The one thing that legislators can do now**, with the bill's number if there is one."""
EXAMPLE_LETTER = """Dear {{recipient_title}} {{recipient_name}},

I live in {{district}}, at {{location}}, and I am writing to ask for your support.

{{own_words}}

Say here in two or three sentences what you ask for, and why it matters to people in the district.

Will you support it? I look forward to your answer.

Sincerely,
{{supporter_name}}
{{location}}
{{supporter_email}}"""
# Sentences that nobody means as their own.
_TELLTALES = (
    EXAMPLE_LEAD,
    "Say in two or three sentences what is wrong, and for whom.",
    "The first reason, in words that you would use at a kitchen table.",
    "Say here in two or three sentences what you ask for",
)


def left_from_example(campaign: Campaign) -> str:
    """Where a sentence of the example still stands: `lead`, `text` or `letter`; empty when it is all replaced."""
    places = {"lead": campaign.lead, "text": campaign.page, "letter": "\n".join(v.body for v in campaign.versions)}
    found = (name for name, text in places.items() if any(one in text for one in _TELLTALES))
    return next(found, "")
