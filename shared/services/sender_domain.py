"""The DNS preflight of the sender domain: asked on demand, kept with its time, accepted knowingly or mended."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection, Engine

from shared.clock import now
from shared.db import mail_setup, receipt_sources
from shared.db.engine import at_once
from shared.domain.identities import envelope_sender
from shared.domain.sender_domain import (
    Finding,
    Light,
    Sender,
    examine_sender,
    faults,
    faults_mark,
    from_json,
    to_json,
    worst,
)
from shared.domain.typed_text import ascii_address
from shared.errors import InputError, NotAllowed
from shared.providers.mail_exchangers import BounceOffer
from shared.providers.name_servers import NameServers
from shared.settings import Settings, read_dns_servers

_LOG = structlog.get_logger()
# Somebody looks at the page meanwhile.
PATIENCE_S = 6.0
# For the mail server, after DNS.
_OFFER_S = 12.0
# Far beyond all letters, so that a person's test mail to its return address is news of none.
_NO_LETTER = 10**15
_LASTS = timedelta(days=1)
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*", re.ASCII)
_MOST_TYPED = 2_000
_MOST_SELECTORS = 6


@dataclass(frozen=True)
class SenderCheck:
    """What is known of the sender domain; `checked_at` None while nobody has asked."""

    domain: str
    selectors: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    checked_at: datetime | None = None
    accepted_by: str = ""
    accepted_at: datetime | None = None
    reads_maildir: bool = False

    @property
    def light(self) -> Light | None:
        """The worst of all, None before the first check."""
        return worst(self.findings) if self.checked_at else None

    @property
    def faults(self) -> Sequence[Finding]:
        """What keeps letters from arriving."""
        return faults(self.findings)

    @property
    def is_accepted(self) -> bool:
        """True when somebody took exactly these faults upon themselves."""
        return self.accepted_at is not None


def ask_dns(settings: Settings, known: SenderCheck) -> list[Finding]:
    """Asks DNS now, and the domain's mail server where mail is expected; within seconds, and stores nothing.

    `settings` with the relay that is used.
    """
    servers = NameServers(read_dns_servers(settings.dns_servers), seconds=PATIENCE_S)
    relay_host = urlsplit(settings.mail_relay_url).hostname or "" if settings.relay_configured else ""
    public_host = urlsplit(settings.public_url).hostname or ""
    sender = Sender(settings.mail_domain, public_host, relay_host, known.selectors)
    expects_mail = bool(settings.inbound_url) or known.reads_maildir
    return examine_sender(sender, servers.ask, _bounce_offer(settings) if expects_mail else None)


def _bounce_offer(settings: Settings) -> BounceOffer:
    address = ascii_address(envelope_sender(settings.secret_key, "letter", _NO_LETTER, settings.mail_domain))
    return BounceOffer(address.rpartition("@")[2], address, seconds=_OFFER_S)


def read_check(engine: Engine, settings: Settings) -> SenderCheck:
    """What the last check found."""
    with at_once(engine) as connection:
        return check_of(connection, settings.mail_domain)


def check_of(connection: Connection, domain: str) -> SenderCheck:
    """The same within a connection."""
    row = mail_setup.read_check(connection, domain)
    unknown = SenderCheck(domain, reads_maildir=receipt_sources.reads_maildir(connection))
    if row is None:
        return unknown
    findings = from_json(row["findings"] or ())
    known = replace(unknown, selectors=tuple(row["selectors"].split()), findings=findings, checked_at=row["checked_at"])
    if not row["accepted_mark"] or row["accepted_mark"] != faults_mark(findings):
        return known
    return replace(known, accepted_by=row["accepted_by"], accepted_at=row["accepted_at"])


def check_now(engine: Engine, settings: Settings, *, actor: str) -> SenderCheck:
    """Asks DNS and keeps what it said."""
    findings = ask_dns(settings, read_check(engine, settings))
    values = {"findings": to_json(findings), "checked_at": now(), "checked_by": actor}
    with engine.begin() as connection:
        mail_setup.write_check(connection, settings.mail_domain, values)
    _LOG.info("sender.checked", light=worst(findings).value, faults=len(faults(findings)), actor=actor)
    return read_check(engine, settings)


def check_again(engine: Engine, settings: Settings) -> bool:
    """Once a day, after somebody has asked once: a record that was lost is seen before the next campaign."""
    with at_once(engine) as connection:
        row = mail_setup.read_check(connection, settings.mail_domain)
    if row is None or row["checked_at"] is None or now() - row["checked_at"] < _LASTS:
        return False
    check_now(engine, settings, actor="worker")
    return True


def name_selectors(engine: Engine, settings: Settings, typed: str, *, actor: str) -> tuple[str, ...]:
    """The names of the DKIM keys, as they were typed: separated by spaces or commas. Raises InputError."""
    if len(typed) > _MOST_TYPED:
        raise InputError({"selectors": f"At most {_MOST_TYPED:,} characters; the selectors in use are enough."})
    names = tuple(dict.fromkeys(typed.lower().replace(",", " ").split()))
    wrong = next((name for name in names if not _SELECTOR.fullmatch(name)), None)
    if wrong is not None:
        hint = "It is what stands before ._domainkey in the record's name, such as s1."
        raise InputError({"selectors": f"“{wrong}” is not a selector. {hint}"})
    if len(names) > _MOST_SELECTORS:
        raise InputError({"selectors": f"At most {_MOST_SELECTORS} selectors; those that are in use are enough."})
    with engine.begin() as connection:
        mail_setup.write_check(connection, settings.mail_domain, {"selectors": " ".join(names)})
    _LOG.info("sender.selectors", selectors=names, actor=actor)
    return names


def accept_faults(engine: Engine, settings: Settings, mark: str, *, actor: str, who: str) -> None:
    """Campaigns may go live in spite of these faults, and of no others. Raises NotAllowed when they have changed."""
    known = read_check(engine, settings)
    if not known.faults or faults_mark(known.findings) != mark:
        raise NotAllowed("What DNS says has changed meanwhile. Look at it once more.")
    values = {"accepted_mark": mark, "accepted_by": who, "accepted_at": now()}
    with engine.begin() as connection:
        mail_setup.write_check(connection, settings.mail_domain, values)
    _LOG.warning("sender.accepted", faults=len(known.faults), actor=actor)


def withdraw_acceptance(engine: Engine, settings: Settings, *, actor: str) -> None:
    """The faults keep campaigns from going live again."""
    values = {"accepted_mark": "", "accepted_by": "", "accepted_at": None}
    with engine.begin() as connection:
        mail_setup.write_check(connection, settings.mail_domain, values)
    _LOG.info("sender.acceptance_withdrawn", actor=actor)
