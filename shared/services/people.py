"""The people of a campaign: who is a member, who is invited, and how a link makes somebody one."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Engine, RowMapping, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.engine import at_once
from shared.db.tables import campaign, membership, membership_invitation, organizer
from shared.domain.permissions import OF_A_CAMPAIGN, Permission, Role
from shared.errors import InputError, NotAllowed, NotFound
from shared.services.organizers import OrganizerSession, hash_password

LINK_LIFETIME = timedelta(days=7)
_RENEWED_WITHIN = timedelta(days=30)
_LINK_GONE = "This invitation was used, withdrawn, or is older than a week. Ask for a new one."
_NAME_MAX = 100


@dataclass(frozen=True)
class Member:
    """Somebody with a role in a campaign; `runs_installation` who is the owner of all anyway."""

    organizer_id: int
    name: str
    email: str
    role: Role
    runs_installation: bool
    signed_in_at: datetime | None


@dataclass(frozen=True)
class Invited:
    """An invitation that nobody has taken up yet."""

    id: int
    email: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True)
class Offer:
    """What a link offers: a role in a campaign, to the person with this email."""

    campaign: str
    slug: str
    email: str
    role: Role
    has_account: bool


def list_members(engine: Engine, campaign_id: int) -> Sequence[Member]:
    """Owners first, then by email."""
    columns = (organizer, membership.c.role)
    query = select(*columns).join(membership).where(membership.c.campaign_id == campaign_id).order_by(organizer.c.email)
    with at_once(engine) as connection:
        rows = connection.execute(query).mappings().all()
    members = [_member(row) for row in rows]
    return sorted(members, key=lambda one: list(Role).index(one.role))


def list_invited(engine: Engine, campaign_id: int) -> Sequence[Invited]:
    """Newest first; those whose time is over too, so that they can be renewed."""
    table = membership_invitation
    query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.id.desc())
    with at_once(engine) as connection:
        rows = connection.execute(query).all()
    return [Invited(row.id, row.email, Role(row.role), row.expires_at) for row in rows]


def who_may(engine: Engine, permission: Permission, campaign_id: int | None) -> Sequence[str]:
    """Whom to ask: emails of the campaign's owners, or of those who run the installation."""
    runs = select(organizer.c.email).where(organizer.c.runs_installation)
    owners = (
        select(organizer.c.email)
        .join(membership)
        .where(membership.c.campaign_id == campaign_id, membership.c.role == Role.OWNER.value)
    )
    with at_once(engine) as connection:
        found = list(connection.scalars(owners)) if permission in OF_A_CAMPAIGN else []
        return sorted(found or connection.scalars(runs))


def name_of(engine: Engine, organizer_id: int) -> str:
    """An organizer's name, or email while there is none; empty for one who is gone."""
    query = select(organizer.c.name, organizer.c.email).where(organizer.c.id == organizer_id)
    with at_once(engine) as connection:
        row = connection.execute(query).one_or_none()
    return "" if row is None else row.name or row.email


def invite_member(engine: Engine, campaign_id: int, email: str, role: Role) -> tuple[str, str]:
    """The checked email, and the secret of a link that makes its owner a member within a week.

    An earlier link for the same email is worth nothing from now on. Raises InputError.
    """
    address = _checked_email(email)
    secret = secrets.token_urlsafe(24)
    values = {"role": role.value, "secret_hash": _hashed(secret), "expires_at": func.now() + LINK_LIFETIME}
    statement = insert(membership_invitation).values(campaign_id=campaign_id, email=address, **values)
    statement = statement.on_conflict_do_update(index_elements=["campaign_id", "email"], set_=values)
    with engine.begin() as connection:
        known = (
            select(membership)
            .join(organizer)
            .where(organizer.c.email == address, membership.c.campaign_id == campaign_id)
        )
        if connection.execute(known).first():
            raise InputError({"email": f"{address} is a member already. Change the role in the list instead."})
        connection.execute(statement)
    return address, secret


def withdraw_invitation(engine: Engine, campaign_id: int, invitation_id: int) -> str:
    """The link is worth nothing any more; returns whose it was. Raises NotFound."""
    table = membership_invitation
    gone = delete(table).where(table.c.id == invitation_id, table.c.campaign_id == campaign_id)
    with engine.begin() as connection:
        email = connection.execute(gone.returning(table.c.email)).scalar_one_or_none()
    if email is None:
        raise NotFound("This invitation was used or withdrawn meanwhile.")
    return str(email)


def delete_old_invitations(engine: Engine) -> int:
    """Forgets whom nobody invited again for a month after their link's end; returns how many that were."""
    with engine.begin() as connection:
        old = membership_invitation.c.expires_at < func.now() - _RENEWED_WITHIN
        return connection.execute(delete(membership_invitation).where(old)).rowcount


def read_offer(engine: Engine, secret: str) -> Offer:
    """What the link offers; raises NotFound."""
    with at_once(engine) as connection:
        row = _invitation(connection, secret)
        known = select(organizer.c.id).where(organizer.c.email == row["email"], _HAS_PASSWORD)
        has_account = connection.execute(known).first() is not None
    return Offer(row["title"], row["slug"], row["email"], Role(row["role"]), has_account)


def join(engine: Engine, secret: str, *, name: str, password: str) -> OrganizerSession:
    """Makes an account and a member; raises NotFound, InputError, and NotAllowed when there is an account already."""
    fields = {} if name.strip() else {"name": "Type your name, so that the others know who you are."}
    try:
        hashed = hash_password(password)
    except InputError as error:
        fields |= error.fields
    if fields:
        raise InputError(fields)
    with engine.begin() as connection:
        row = _take(connection, secret)
        values = {"name": name.strip()[:_NAME_MAX], "password_hash": hashed}
        statement = insert(organizer).values(email=row["email"], **values)
        # Somebody who never chose a password has no account to speak of.
        statement = statement.on_conflict_do_update(
            index_elements=[organizer.c.email], set_=values, where=~_HAS_PASSWORD
        )
        made = connection.execute(statement.returning(organizer)).mappings().one_or_none()
        if made is None:
            raise NotAllowed("There is an account with this email already. Sign in to take up the invitation.")
        _add(connection, made["id"], row)
    return OrganizerSession(made["id"], made["email"], made["name"], made["session_epoch"])


def join_signed_in(engine: Engine, secret: str, who: OrganizerSession) -> None:
    """Makes the person who is signed in a member; raises NotFound, and NotAllowed for somebody else's link."""
    with engine.begin() as connection:
        row = _take(connection, secret)
        if row["email"] != who.email:
            raise NotAllowed("This invitation was sent to another email than the one you are signed in with.")
        _add(connection, who.id, row)


def change_role(engine: Engine, campaign_id: int, organizer_id: int, role: Role) -> str:
    """Another role for a member; returns their email. Raises NotFound, and NotAllowed for the last owner."""
    return _change(engine, campaign_id, organizer_id, role)


def remove_member(engine: Engine, campaign_id: int, organizer_id: int) -> str:
    """Takes somebody out of the campaign; returns their email. Raises NotFound, and NotAllowed for the last owner."""
    return _change(engine, campaign_id, organizer_id, None)


_HAS_PASSWORD = organizer.c.password_hash != ""


def _change(engine: Engine, campaign_id: int, organizer_id: int, role: Role | None) -> str:
    of_campaign = membership.c.campaign_id == campaign_id
    with engine.begin() as connection:
        # Two owners who degrade each other at once: the second waits, and finds that it is the last.
        query = select(membership.c.organizer_id, membership.c.role).where(of_campaign).with_for_update(key_share=True)
        roles = {row.organizer_id: row.role for row in connection.execute(query)}
        if organizer_id not in roles:
            raise NotFound("This person is not a member of the campaign any more.")
        owners = [one for one, held in roles.items() if held == Role.OWNER.value]
        if owners == [organizer_id] and role is not Role.OWNER:
            raise NotAllowed("This is the campaign's last owner. Make somebody else an owner first.")
        row = of_campaign & (membership.c.organizer_id == organizer_id)
        if role is None:
            connection.execute(delete(membership).where(row))
        else:
            connection.execute(update(membership).where(row).values(role=role.value))
        return str(connection.scalar(select(organizer.c.email).where(organizer.c.id == organizer_id)))


def _invitation(connection: Connection, secret: str) -> RowMapping:
    table = membership_invitation
    query = select(table, campaign.c.title, campaign.c.slug).join(campaign)
    query = query.where(table.c.secret_hash == _hashed(secret), table.c.expires_at > func.now())
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_LINK_GONE)
    return row


def _take(connection: Connection, secret: str) -> RowMapping:
    """The invitation, which is gone with the transaction: whoever comes second finds nothing."""
    row = _invitation(connection, secret)
    table = membership_invitation
    if connection.execute(delete(table).where(table.c.id == row["id"])).rowcount != 1:
        raise NotFound(_LINK_GONE)
    return row


def _add(connection: Connection, organizer_id: int, row: RowMapping) -> None:
    values = {"organizer_id": organizer_id, "campaign_id": row["campaign_id"], "role": row["role"]}
    connection.execute(insert(membership).values(values).on_conflict_do_nothing())


def _member(row: RowMapping) -> Member:
    return Member(
        row["id"], row["name"], row["email"], Role(row["role"]), row["runs_installation"], row["signed_in_at"]
    )


def _checked_email(typed: str) -> str:
    try:
        return validate_email(typed.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise InputError({"email": "Type an email address such as name@example.org."}) from None


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
