"""Who gets an email that goes to many: each person of a campaign once, however often they wrote.

Fragments of statements over `submission`, with `:campaign_id`. The counts on pages and the emails that workers prepare
use the same ones.
"""

_WROTE = "submission.accepted_at IS NOT NULL AND submission.state <> 'withdrawn'"
_WANTED = (
    "NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.email_hash = submission.email_hash"
    " AND (suppression.campaign_id IS NULL OR suppression.campaign_id = submission.campaign_id))"
)
_CONSENTED = (
    "EXISTS (SELECT 1 FROM consent WHERE consent.submission_id = submission.id AND consent.withdrawn_at IS NULL)"
)
# Those who agreed to hear from `:organization`. The newest submission is the one that the email speaks of.
AGREED = (
    "FROM consent JOIN submission ON submission.id = consent.submission_id WHERE consent.campaign_id = :campaign_id"
    f" AND consent.organization = :organization AND consent.withdrawn_at IS NULL AND {_WROTE} AND {_WANTED}"
)
NEWEST = "submission.id DESC"
# All who wrote; the newest submission with a consent, if there is one.
WROTE = (
    "FROM submission WHERE submission.campaign_id = :campaign_id AND submission.scrubbed_at IS NULL"
    f" AND submission.email <> '' AND {_WROTE} AND {_WANTED}"
)
CONSENTED_FIRST = f"{_CONSENTED} DESC, submission.id DESC"
# Those of them who agreed to hear more, from whichever organization.
CONSENTED = f"{WROTE} AND {_CONSENTED}"
