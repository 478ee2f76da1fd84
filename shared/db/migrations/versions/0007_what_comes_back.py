"""What comes back and what follows: receipts, suppressions, consents, campaign updates, and the rules of follow-ups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NEWS = "delivered delayed bounced complained answered auto_replied unsubscribed other"
_SOURCES = "ses sendgrid mailgun postmark mail"
_OUTCOMES = "waiting applied ignored unmatched"
_REASONS = "unsubscribed bounced complained"

_RENEW_STEPS = (
    "UPDATE campaign SET content = jsonb_set(content, '{follow_ups}', '[]') WHERE (SELECT array_agg("
    "(step ->> 'template') || ' ' || (step ->> 'trigger') || ' ' || (step ->> 'after_days'))"
    " FROM jsonb_array_elements(content -> 'follow_ups') AS step) = ARRAY['received accepted 0', 'thank_you first_sent 0']"
)


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = 0")
    _create_receipt()
    _create_suppression()
    _create_consent()
    _create_campaign_update()
    _extend_letter()
    _extend_follow_up()
    _extend_office_holder()
    # What every campaign had until now; the usual steps say more today, and change with us.
    op.execute(_RENEW_STEPS)


def downgrade() -> None:
    for name in ("email_failure", "second_failed_at", "email_failed_at", "second_email"):
        op.drop_column("office_holder", name)
    op.drop_index("ix_follow_up_campaign_state", "follow_up")
    op.create_index("ix_follow_up_state", "follow_up", ["state"])
    op.drop_index("ix_follow_up_update", "follow_up")
    op.drop_index("ix_follow_up_person", "follow_up")
    op.drop_index("ix_follow_up_relay_id", "follow_up")
    op.execute("DELETE FROM follow_up WHERE number > 0")
    op.drop_constraint("uq_follow_up_submission_id_kind_number", "follow_up")
    op.create_unique_constraint("uq_follow_up_submission_id_kind", "follow_up", ["submission_id", "kind"])
    for name in ("reply_to", "relay_id", "needs", "number", "email_hash"):
        op.drop_column("follow_up", name)
    op.drop_index("ix_letter_campaign_state", "letter")
    op.create_index("ix_letter_campaign_state", "letter", ["campaign_id", "state"])
    op.drop_index("ix_letter_failed", "letter")
    op.drop_index("ix_letter_answered", "letter")
    op.drop_index("ix_letter_relay_id", "letter")
    op.drop_constraint("ck_letter_hold_reason_known", "letter")
    op.execute("UPDATE letter SET hold_reason = 'no_email' WHERE hold_reason = 'address_failing'")
    op.create_check_constraint(
        op.f("ck_letter_hold_reason_known"),
        "letter",
        "hold_reason IN ('vacant_seat', 'no_email', 'abuse_check', 'confirmation', 'restore', 'organizer')",
    )
    op.drop_column("letter", "answered_at")
    op.drop_column("letter", "relay_id")
    op.drop_index("ix_submission_email_hash", "submission")
    op.drop_index("ix_submission_to_erase", "submission")
    op.drop_column("submission", "erase_requested_at")
    op.add_column(
        "submission",
        sa.Column("consents", sa.dialects.postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.execute(
        "UPDATE submission SET consents = given.list FROM (SELECT submission_id, jsonb_agg(jsonb_build_object("
        "'organization', organization, 'at', given_at, 'language', language)) AS list FROM consent"
        " GROUP BY submission_id) AS given WHERE given.submission_id = submission.id"
    )
    for name in ("campaign_update", "consent", "suppression", "receipt"):
        op.drop_table(name)


def _known(column: str, words: str, table: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _text(name: str, *, default: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="" if default else None)


def _stamp(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True))


def _campaign(table: str, *, nullable: bool = False) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("campaign_id", sa.BigInteger(), nullable=nullable),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f(f"fk_{table}_campaign_id")),
    ]


def _create_receipt() -> None:
    op.create_table(
        "receipt",
        *_key("receipt"),
        _text("source", default=False),
        _text("event_id", default=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        _text("envelope_sender"),
        _text("envelope_recipient"),
        _stamp("received_at"),
        _stamp("due_at"),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="waiting", nullable=False),
        _text("news"),
        _text("cause"),
        sa.Column("letter_id", sa.BigInteger()),
        sa.Column("follow_up_id", sa.BigInteger()),
        _moment("applied_at"),
        _known("source", _SOURCES, "receipt"),
        _known("outcome", _OUTCOMES, "receipt"),
        sa.CheckConstraint(
            f"news = '' OR news IN ({', '.join(repr(word) for word in _NEWS.split())})",
            name=op.f("ck_receipt_news_known"),
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_receipt_letter_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_up.id"], name=op.f("fk_receipt_follow_up_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_receipt_source_event_id")),
    )
    op.create_index("ix_receipt_due", "receipt", ["due_at"], postgresql_where=sa.text("outcome = 'waiting'"))
    op.create_index("ix_receipt_letter_id", "receipt", ["letter_id"])
    op.create_index("ix_receipt_follow_up_id", "receipt", ["follow_up_id"])
    op.create_index("ix_receipt_received_at", "receipt", ["received_at"])
    op.create_index(
        "ix_receipt_complained",
        "receipt",
        ["follow_up_id", "letter_id"],
        postgresql_where=sa.text("cause = 'complained'"),
    )


def _create_suppression() -> None:
    op.create_table(
        "suppression",
        *_key("suppression"),
        _text("email_hash", default=False),
        *_campaign("suppression", nullable=True),
        _text("reason", default=False),
        _text("source"),
        _stamp("created_at"),
        _known("reason", _REASONS, "suppression"),
        sa.UniqueConstraint(
            "email_hash",
            "campaign_id",
            name=op.f("uq_suppression_email_hash_campaign_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_suppression_campaign_id", "suppression", ["campaign_id"])


def _create_consent() -> None:
    op.create_table(
        "consent",
        *_key("consent"),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        *_campaign("consent"),
        _text("email_hash", default=False),
        _text("organization", default=False),
        _text("wording"),
        _text("language"),
        _text("source"),
        _stamp("given_at"),
        _moment("withdrawn_at"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_consent_submission_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("submission_id", "organization", name=op.f("uq_consent_submission_id_organization")),
    )
    op.create_index(
        "ix_consent_active",
        "consent",
        ["campaign_id", "organization", "email_hash"],
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.execute(
        "INSERT INTO consent (submission_id, campaign_id, email_hash, organization, language, given_at)"
        " SELECT submission.id, campaign_id, email_hash, given ->> 'organization', given ->> 'language',"
        " CAST(given ->> 'at' AS timestamptz) FROM submission, jsonb_array_elements(consents) AS given"
    )
    op.drop_column("submission", "consents")
    op.add_column("submission", _moment("erase_requested_at"))
    op.create_index(
        "ix_submission_to_erase",
        "submission",
        ["id"],
        postgresql_where=sa.text("erase_requested_at IS NOT NULL AND scrubbed_at IS NULL"),
    )
    op.create_index("ix_submission_email_hash", "submission", ["email_hash"])


def _create_campaign_update() -> None:
    op.create_table(
        "campaign_update",
        *_key("campaign_update"),
        *_campaign("campaign_update"),
        _text("organization", default=False),
        _text("subject", default=False),
        _text("body", default=False),
        _text("created_by", default=False),
        _stamp("created_at"),
        _moment("tested_at"),
        _moment("sent_at"),
        sa.Column("recipients", sa.Integer()),
    )
    op.create_index("ix_campaign_update_campaign_id", "campaign_update", ["campaign_id"])


def _extend_letter() -> None:
    op.add_column("letter", _text("relay_id"))
    op.add_column("letter", _moment("answered_at"))
    op.create_index("ix_letter_relay_id", "letter", ["relay_id"], postgresql_where=sa.text("relay_id <> ''"))
    op.create_index(
        "ix_letter_answered",
        "letter",
        ["campaign_id", "office_id", "state"],
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.create_index(
        "ix_letter_failed",
        "letter",
        ["campaign_id", "state", "cause"],
        postgresql_where=sa.text("state IN ('bounced', 'rejected')"),
    )
    op.drop_index("ix_letter_campaign_state", "letter")
    op.create_index("ix_letter_campaign_state", "letter", ["campaign_id", "state", "office_id"])
    op.drop_constraint("ck_letter_hold_reason_known", "letter")
    op.create_check_constraint(
        op.f("ck_letter_hold_reason_known"),
        "letter",
        "hold_reason IN ('vacant_seat', 'no_email', 'address_failing', 'abuse_check', 'confirmation', 'restore',"
        " 'organizer')",
    )


def _extend_follow_up() -> None:
    op.add_column("follow_up", _text("email_hash"))
    op.execute(
        "UPDATE follow_up SET email_hash = submission.email_hash FROM submission"
        " WHERE submission.id = follow_up.submission_id"
    )
    op.add_column("follow_up", sa.Column("number", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("follow_up", sa.Column("needs", ARRAY(TEXT()), server_default="{}", nullable=False))
    op.add_column("follow_up", _text("relay_id"))
    op.add_column("follow_up", _text("reply_to"))
    op.drop_constraint("uq_follow_up_submission_id_kind", "follow_up")
    op.create_unique_constraint(
        op.f("uq_follow_up_submission_id_kind_number"), "follow_up", ["submission_id", "kind", "number"]
    )
    op.create_index("ix_follow_up_relay_id", "follow_up", ["relay_id"], postgresql_where=sa.text("relay_id <> ''"))
    op.create_index("ix_follow_up_person", "follow_up", ["email_hash", "campaign_id"])
    op.create_index(
        "ix_follow_up_update", "follow_up", ["number", "state"], postgresql_where=sa.text("kind = 'update'")
    )
    op.drop_index("ix_follow_up_state", "follow_up")
    op.create_index("ix_follow_up_campaign_state", "follow_up", ["campaign_id", "state"])


def _extend_office_holder() -> None:
    op.add_column("office_holder", _text("second_email"))
    op.add_column("office_holder", _moment("email_failed_at"))
    op.add_column("office_holder", _moment("second_failed_at"))
    op.add_column("office_holder", _text("email_failure"))
