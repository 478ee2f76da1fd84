"""How mail leaves and comes back: the relay of the console, what DNS said, when each source was last heard of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import campaign, letter, mail_relay, office, office_holder, receipt, sender_check
from shared.domain.receipts import ReceiptSource
from shared.domain.states import CampaignState
from shared.domain.transport import Transport


def read_relay(connection: Connection) -> RowMapping | None:
    """The relay that was entered in the console."""
    return connection.execute(select(mail_relay)).mappings().one_or_none()


def write_relay(connection: Connection, values: Mapping[str, object]) -> None:
    """In the place of the one before."""
    given = {"changed_at": func.now(), **values}
    statement = insert(mail_relay).values(id=1, **given)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=given))


def delete_relay(connection: Connection) -> bool:
    """False when there was none."""
    return bool(connection.execute(delete(mail_relay)).rowcount)


def titles_going_out(connection: Connection) -> list[str]:
    """The campaigns whose letters are real as soon as there is a relay."""
    states = [CampaignState.LIVE.value, CampaignState.PAUSED.value]
    return list(connection.scalars(select(campaign.c.title).where(campaign.c.state.in_(states)).order_by("title")))


def count_waiting(connection: Connection, transports: Iterable[Transport]) -> int:
    """Letters that wait for one of these ways out."""
    query = select(func.count()).select_from(letter)
    claimable = letter.c.state.in_(["queued", "deferred"])
    return connection.execute(query.where(claimable, letter.c.transport.in_(list(transports)))).scalar_one()


def read_check(connection: Connection, mail_domain: str) -> RowMapping | None:
    """What DNS said last about this sender domain."""
    query = select(sender_check).where(sender_check.c.mail_domain == mail_domain)
    return connection.execute(query).mappings().one_or_none()


def write_check(connection: Connection, mail_domain: str, values: Mapping[str, Any]) -> None:
    """Changes some of the row, or makes it."""
    statement = insert(sender_check).values(mail_domain=mail_domain, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["mail_domain"], set_=dict(values)))


def last_heard(connection: Connection) -> dict[ReceiptSource, datetime]:
    """When each source was last heard of, those that were: one look into an index each."""
    found = {}
    for source in ReceiptSource:
        query = select(receipt.c.received_at).where(receipt.c.source == source.value)
        found[source] = connection.execute(query.order_by(receipt.c.received_at.desc()).limit(1)).scalar_one_or_none()
    return {source: at for source, at in found.items() if at is not None}


def office_domains(connection: Connection) -> Sequence[tuple[str, int]]:
    """The mail domains of today's real offices, with how many have an address there."""
    domain = func.lower(func.split_part(office_holder.c.email, "@", 2)).label("domain")
    query = (
        select(domain, func.count())
        .join(office, office.c.id == office_holder.c.office_id)
        .where(office_holder.c.valid_to.is_(None), office_holder.c.email != "", office.c.is_practice.is_(False))
        .group_by(domain)
        .order_by(func.count().desc(), domain)
    )
    return [(name, count) for name, count in connection.execute(query)]
