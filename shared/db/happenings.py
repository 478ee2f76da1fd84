"""Notes what happened, and reads it back with what other tables tell: updates that were sent, imports."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, text

from shared.db.tables import happening
from shared.domain.happenings import Happening, Moment, happening_words

_MOST = 40
_LIST = text(
    "SELECT at, kind, about FROM (SELECT at, kind, about FROM happening"
    " WHERE (campaign_id = :campaign_id OR campaign_id IS NULL) AND at >= :since"
    " UNION ALL SELECT sent_at, CASE WHEN mailing.state IN ('stopped', 'failed') THEN 'update_stopped'"
    " WHEN recipients IS NULL THEN 'update_prepared' ELSE 'update' END, coalesce(recipients::text, '')"
    " FROM campaign_update LEFT JOIN mailing ON mailing.update_id = campaign_update.id"
    " WHERE campaign_update.campaign_id = :campaign_id AND sent_at >= :since"
    " UNION ALL SELECT max(finished_at), 'import', string_agg(DISTINCT kind, ', ') FROM import_run"
    " WHERE jurisdiction = (SELECT jurisdiction FROM campaign WHERE id = :campaign_id) AND finished_at >= :since"
    " GROUP BY date_bin('5 minutes', finished_at, 'epoch')) AS one ORDER BY at DESC LIMIT :most"
)

_UNSENT = {"update_prepared": "Update being prepared", "update_stopped": "Update stopped"}


def note(connection: Connection, happened: Happening, *, campaign_ids: Sequence[int | None], about: str = "") -> None:
    """Writes that it happened now, to these campaigns; None stands for all of them."""
    values = [{"kind": happened.value, "campaign_id": number, "about": about} for number in campaign_ids]
    if values:
        connection.execute(insert(happening), values)


def list_happenings(connection: Connection, campaign_id: int, since: datetime) -> list[Moment]:
    """The latest of what happened since then, oldest first."""
    rows = connection.execute(_LIST, {"campaign_id": campaign_id, "since": since, "most": _MOST}).all()
    return [Moment(row.at, _words(row.kind, row.about)) for row in reversed(rows)]


def _words(kind: str, about: str) -> str:
    if kind == "import":
        return f"Imported: {about}"
    if kind == "update":
        return f"Update sent to {int(about):,} {'person' if about == '1' else 'people'}"
    return _UNSENT.get(kind) or happening_words(Happening(kind), about)
