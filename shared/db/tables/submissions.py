"""Submissions: one supporter acting on one campaign, from draft on, and the offices they chose."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.db.tables.campaigns import campaign, campaign_edition
from shared.db.tables.directory import office
from shared.domain.places import LookupStatus, MatchType
from shared.domain.states import SubmissionState

submission = Table(
    "submission",
    METADATA,
    key(),
    # 128 random bits: names the draft in URLs and is the idempotency key of Send.
    Column("token", TEXT, nullable=False, unique=True),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id), nullable=False),
    # The texts that its writer read: when it began, and from Send on those that the letter is made from.
    Column("edition_id", BigInteger, ForeignKey(campaign_edition.c.id)),
    text("state", default=SubmissionState.DRAFT.value),
    stamp("state_changed_at"),
    text("first_name"),
    text("last_name"),
    text("email"),
    text("email_hash"),
    text("street"),
    text("unit"),
    text("city"),
    text("zip"),
    text("us_state"),
    text("own_words"),
    # NULL while the supporter has not edited the letter.
    Column("edited_subject", TEXT),
    Column("edited_body", TEXT),
    # Boxes that were ticked before Send, so that pages keep them; agreed is only what Send brings.
    Column("ticked_consents", ARRAY(TEXT), nullable=False, server_default=sql("'{}'")),
    text("language", default="en"),
    text("source"),
    # The lookup: answer, doubt, and when a worker may try (again).
    Column("lookup_status", TEXT),
    Column("match_type", TEXT),
    text("match_source"),
    Column("precision_m", Float),
    Column("edge_m", Float),
    Column("lat", Float),
    Column("lon", Float),
    Column("suggestions", JSONB, nullable=False, server_default=sql("'[]'")),
    text("lookup_reason"),
    Column("lookup_attempt", Integer, nullable=False, server_default="0"),
    # How often its supporter corrected the address before the letters were made.
    Column("address_corrections", Integer, nullable=False, server_default="0"),
    # How often its letters could not be made.
    Column("letter_failures", Integer, nullable=False, server_default="0"),
    stamp("due_at"),
    moment("lease_until"),
    moment("accepted_at"),
    # The letters are due from here on; until then the supporter may undo.
    moment("leaves_at"),
    # Written with the letters; their number over all states always equals it.
    Column("expected_letters", Integer),
    Column("is_test", Boolean),
    Column("transport", TEXT),
    # An organizer has dealt with the question about the address.
    moment("attended_at"),
    moment("erase_requested_at"),
    # Grown old: only what a consent needs is left. After `scrubbed_at` nothing personal is.
    moment("trimmed_at"),
    moment("scrubbed_at"),
    stamp("created_at"),
    one_of("state", SubmissionState),
    one_of("lookup_status", LookupStatus),
    one_of("match_type", MatchType),
    # Carries what figures and the campaign page's counter are counted from, so that the wide rows are not read.
    Index(
        "ix_submission_campaign_accepted",
        "campaign_id",
        "accepted_at",
        postgresql_include=["expected_letters", "state", "is_test", "source"],
    ),
    Index(
        "ix_submission_to_erase", "id", postgresql_where=sql("erase_requested_at IS NOT NULL AND scrubbed_at IS NULL")
    ),
    Index("ix_submission_email_hash", "email_hash"),
    # What may have grown old.
    Index(
        "ix_submission_to_scrub",
        "accepted_at",
        postgresql_where=sql("accepted_at IS NOT NULL AND scrubbed_at IS NULL AND trimmed_at IS NULL"),
    ),
    Index("ix_submission_trimmed", "id", postgresql_where=sql("trimmed_at IS NOT NULL AND scrubbed_at IS NULL")),
    Index("ix_submission_due", "due_at", postgresql_where=sql("state IN ('draft', 'looking_up')")),
    # Accepted, and their people are asked about their address.
    Index(
        "ix_submission_asked",
        "campaign_id",
        "lookup_status",
        "id",
        postgresql_where=sql("state = 'needs_address' AND accepted_at IS NOT NULL"),
    ),
    # Accepted, districts known, letters not created yet.
    Index(
        "ix_submission_letters_due",
        "id",
        postgresql_where=sql("state = 'ready' AND accepted_at IS NOT NULL AND expected_letters IS NULL"),
    ),
)

submission_target = Table(
    "submission_target",
    METADATA,
    Column("submission_id", BigInteger, ForeignKey(submission.c.id, ondelete="CASCADE"), nullable=False),
    Column("office_id", BigInteger, ForeignKey(office.c.id), nullable=False),
    # True while the supporter must say which of several offices of a chamber is theirs.
    Column("is_candidate", Boolean, nullable=False, server_default=sql("false")),
    Column("is_chosen", Boolean, nullable=False, server_default=sql("true")),
    PrimaryKeyConstraint("submission_id", "office_id"),
)
