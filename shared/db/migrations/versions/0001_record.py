"""The record: campaigns, directory, submissions, letters, organizers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.TEXT(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("chambers", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliver_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_minutes", sa.Integer(), server_default="10", nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'live', 'paused', 'closed', 'won')", name=op.f("ck_campaign_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "mailbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("envelope_sender", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("from_header", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_message")),
    )
    op.create_table(
        "office",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("chamber", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("ocd_id", sa.Text(), nullable=False),
        sa.Column("seat", sa.Integer(), server_default="1", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("is_practice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("chamber IN ('lower', 'upper', 'congress')", name=op.f("ck_office_chamber_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
        sa.UniqueConstraint("ocd_id", "seat", name=op.f("uq_office_ocd_id_seat")),
    )
    op.create_table(
        "organizer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.TEXT(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("one_time_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("one_time_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizer")),
        sa.UniqueConstraint("email", name=op.f("uq_organizer_email")),
    )
    op.create_table(
        "district",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("chamber", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ocd_id", sa.Text(), nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("import_run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("chamber IN ('lower', 'upper', 'congress')", name=op.f("ck_district_chamber_known")),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name=op.f("fk_district_import_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_district")),
    )
    op.create_index(
        "uq_district_current", "district", ["ocd_id"], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "office_holder",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("office_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), server_default="", nullable=False),
        sa.Column("family_name", sa.Text(), server_default="", nullable=False),
        sa.Column("party", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("postal_address", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("import_run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name=op.f("fk_office_holder_import_run_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_office_holder_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_holder")),
    )
    op.create_index("ix_office_holder_person_id", "office_holder", ["person_id"], unique=False)
    op.create_index(
        "uq_office_holder_current",
        "office_holder",
        ["office_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "submission",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token", sa.TEXT(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("state_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("email_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("street", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("zip", sa.Text(), server_default="", nullable=False),
        sa.Column("us_state", sa.Text(), server_default="", nullable=False),
        sa.Column("own_words", sa.Text(), server_default="", nullable=False),
        sa.Column("edited_subject", sa.TEXT(), nullable=True),
        sa.Column("edited_body", sa.TEXT(), nullable=True),
        sa.Column("consents", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("lookup_status", sa.TEXT(), nullable=True),
        sa.Column("match_type", sa.TEXT(), nullable=True),
        sa.Column("match_source", sa.Text(), server_default="", nullable=False),
        sa.Column("precision_m", sa.Float(), nullable=True),
        sa.Column("edge_m", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column(
            "suggestions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("lookup_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("lookup_attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_letters", sa.Integer(), nullable=True),
        sa.Column("is_test", sa.Boolean(), nullable=True),
        sa.Column("transport", sa.TEXT(), nullable=True),
        sa.Column("scrubbed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "lookup_status IN ('matched', 'doubtful', 'no_match', 'incomplete', 'outside')",
            name=op.f("ck_submission_lookup_status_known"),
        ),
        sa.CheckConstraint(
            "match_type IN ('point', 'range', 'interpolated', 'centroid', 'hand_picked', 'practice')",
            name=op.f("ck_submission_match_type_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'looking_up', 'ready', 'needs_address', 'withdrawn', 'expired')",
            name=op.f("ck_submission_state_known"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_submission_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("token", name=op.f("uq_submission_token")),
    )
    op.create_index("ix_submission_campaign_accepted", "submission", ["campaign_id", "accepted_at"], unique=False)
    op.create_index(
        "ix_submission_due",
        "submission",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('draft', 'looking_up')"),
    )
    op.create_index(
        "ix_submission_letters_due",
        "submission",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'ready' AND accepted_at IS NOT NULL AND expected_letters IS NULL"),
    )
    op.create_table(
        "follow_up",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("state_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crash_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient_email", sa.Text(), server_default="", nullable=False),
        sa.Column("receiving_domain", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_reply", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body_text", sa.Text(), server_default="", nullable=False),
        sa.Column("body_html", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'deferred', 'sent', 'uncertain', 'delivered', 'unconfirmed', 'rejected', 'bounced', 'expired', 'cancelled', 'quarantined')",
            name=op.f("ck_follow_up_state_known"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_follow_up_campaign_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_follow_up_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        sa.UniqueConstraint("submission_id", "kind", name=op.f("uq_follow_up_submission_id_kind")),
    )
    op.create_index(
        "ix_follow_up_claimable",
        "follow_up",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_index(
        "ix_follow_up_leased", "follow_up", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("office_id", sa.BigInteger(), nullable=False),
        sa.Column("office_holder_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("state_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crash_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient_email", sa.Text(), server_default="", nullable=False),
        sa.Column("receiving_domain", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_reply", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("hold_reason", sa.TEXT(), nullable=True),
        sa.Column("deliver_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_hash", sa.Text(), nullable=False),
        sa.Column("recipient_title", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient_name", sa.Text(), server_default="", nullable=False),
        sa.Column("district", sa.Text(), server_default="", nullable=False),
        sa.Column("from_name", sa.Text(), server_default="", nullable=False),
        sa.Column("reply_to", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "hold_reason IN ('vacant_seat', 'no_email', 'abuse_check', 'confirmation', 'restore', 'organizer')",
            name=op.f("ck_letter_hold_reason_known"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'deferred', 'sent', 'uncertain', 'delivered', 'unconfirmed', 'rejected', 'bounced', 'expired', 'cancelled', 'quarantined')",
            name=op.f("ck_letter_state_known"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_letter_campaign_id")),
        sa.ForeignKeyConstraint(["office_holder_id"], ["office_holder.id"], name=op.f("fk_letter_office_holder_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_letter_office_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_letter_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index("ix_letter_campaign_state", "letter", ["campaign_id", "state"], unique=False)
    op.create_index(
        "ix_letter_claimable",
        "letter",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_index(
        "ix_letter_leased", "letter", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index("ix_letter_submission_id", "letter", ["submission_id"], unique=False)
    op.create_index(
        "uq_letter_one_per_office",
        "letter",
        ["campaign_id", "is_test", "email_hash", "office_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_table(
        "submission_target",
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("office_id", sa.BigInteger(), nullable=False),
        sa.Column("is_candidate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_submission_target_office_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_target_submission_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("submission_id", "office_id", name=op.f("pk_submission_target")),
    )
    op.create_table(
        "letter_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("from_state", sa.TEXT(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("actor", sa.Text(), server_default="system", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_reply", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_letter_event_letter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_event")),
    )
    op.create_index("ix_letter_event_letter_id", "letter_event", ["letter_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_letter_event_letter_id", table_name="letter_event")
    op.drop_table("letter_event")
    op.drop_table("submission_target")
    op.drop_index("uq_letter_one_per_office", table_name="letter", postgresql_where=sa.text("state <> 'cancelled'"))
    op.drop_index("ix_letter_submission_id", table_name="letter")
    op.drop_index("ix_letter_leased", table_name="letter", postgresql_where=sa.text("state = 'sending'"))
    op.drop_index(
        "ix_letter_claimable", table_name="letter", postgresql_where=sa.text("state IN ('queued', 'deferred')")
    )
    op.drop_index("ix_letter_campaign_state", table_name="letter")
    op.drop_table("letter")
    op.drop_index("ix_follow_up_leased", table_name="follow_up", postgresql_where=sa.text("state = 'sending'"))
    op.drop_index(
        "ix_follow_up_claimable", table_name="follow_up", postgresql_where=sa.text("state IN ('queued', 'deferred')")
    )
    op.drop_table("follow_up")
    op.drop_index(
        "ix_submission_letters_due",
        table_name="submission",
        postgresql_where=sa.text("state = 'ready' AND accepted_at IS NOT NULL AND expected_letters IS NULL"),
    )
    op.drop_index(
        "ix_submission_due", table_name="submission", postgresql_where=sa.text("state IN ('draft', 'looking_up')")
    )
    op.drop_index("ix_submission_campaign_accepted", table_name="submission")
    op.drop_table("submission")
    op.drop_index("uq_office_holder_current", table_name="office_holder", postgresql_where=sa.text("valid_to IS NULL"))
    op.drop_index("ix_office_holder_person_id", table_name="office_holder")
    op.drop_table("office_holder")
    op.drop_index("uq_district_current", table_name="district", postgresql_where=sa.text("valid_to IS NULL"))
    op.drop_table("district")
    op.drop_table("organizer")
    op.drop_table("office")
    op.drop_table("mailbox_message")
    op.drop_table("import_run")
    op.drop_table("campaign")
