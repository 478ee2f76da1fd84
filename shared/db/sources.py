"""Counts where a campaign's people came from, from an index alone."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

_BY_SOURCE = text(
    "SELECT source, count(*) AS people, (sum(count(*)) OVER ())::bigint AS everybody FROM submission"
    " WHERE campaign_id = :campaign_id AND accepted_at IS NOT NULL GROUP BY source"
    " ORDER BY people DESC, source LIMIT :most"
)


def count_sources(connection: Connection, campaign_id: int, most: int) -> Sequence[RowMapping]:
    """How many people wrote by source code, most first; `everybody` counts those of codes beyond `most` too."""
    return connection.execute(_BY_SOURCE, {"campaign_id": campaign_id, "most": most}).mappings().all()
