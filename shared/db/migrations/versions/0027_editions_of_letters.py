"""The edition of a campaign's texts that each supporter read.

Every campaign has an edition of its current texts from here on, and names it. A submission from before has none: its
letter takes the edition that was in force when it was accepted, else the campaign's first one.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_KINDS = "ck_campaign_edition_kind_known"
_DOCUMENT = """content || jsonb_build_object(
    'slug', slug,
    'title', title,
    'jurisdiction', jurisdiction,
    'chambers', to_jsonb(chambers),
    'deadline', to_jsonb(deadline),
    'deliver_by', to_jsonb(deliver_by),
    'undo_minutes', undo_minutes
)"""
# The last published edition, if its letters and consents are the current ones.
_NAME_KNOWN = """
    UPDATE campaign
    SET edition_id = last.id
    FROM (
        SELECT DISTINCT ON (campaign_id) campaign_id, id, content
        FROM campaign_edition
        WHERE kind = 'published'
        ORDER BY campaign_id, made_at DESC, id DESC
    ) AS last
    WHERE last.campaign_id = campaign.id
    AND NOT EXISTS (
        SELECT FROM unnest(ARRAY['versions', 'groups', 'exclusions', 'consents']) AS name
        WHERE coalesce(last.content -> name, '[]') <> coalesce(campaign.content -> name, '[]')
    )
"""
_ADD_MISSING = f"""
    INSERT INTO campaign_edition (campaign_id, kind, content, logo, made_by, made_at)
    SELECT
        id,
        CASE WHEN state = 'draft' THEN 'test' ELSE 'published' END,
        {_DOCUMENT},
        (SELECT image FROM campaign_logo WHERE campaign_id = campaign.id),
        'before the upgrade',
        updated_at
    FROM campaign
    WHERE edition_id IS NULL
    ORDER BY id
"""  # noqa: S608 - put together from constants
_NAME_ADDED = """
    UPDATE campaign
    SET edition_id = (SELECT max(id) FROM campaign_edition WHERE campaign_id = campaign.id)
    WHERE edition_id IS NULL
"""


def upgrade() -> None:
    op.drop_constraint(_KINDS, "campaign_edition")
    op.create_check_constraint(op.f(_KINDS), "campaign_edition", "kind IN ('published', 'test', 'discarded')")
    for table, on_delete in (("campaign", "SET NULL"), ("submission", None)):
        op.add_column(table, sa.Column("edition_id", sa.BigInteger(), nullable=True))
        name = op.f(f"fk_{table}_edition_id_campaign_edition")
        op.create_foreign_key(name, table, "campaign_edition", ["edition_id"], ["id"], ondelete=on_delete)
    for statement in (_NAME_KNOWN, _ADD_MISSING, _NAME_ADDED):
        op.execute(statement)


def downgrade() -> None:
    for table in ("submission", "campaign"):
        op.drop_column(table, "edition_id")
    op.execute("UPDATE campaign_edition SET kind = 'published' WHERE kind = 'test'")
    op.drop_constraint(_KINDS, "campaign_edition")
    op.create_check_constraint(op.f(_KINDS), "campaign_edition", "kind IN ('published', 'discarded')")
