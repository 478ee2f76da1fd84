"""Checks every part of an installation and says what to do about each. Changes nothing and sends no mail."""

import shutil
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from shared import clock
from shared.db.domains import list_domains
from shared.db.figures import count_imbalance
from shared.db.import_reports import newest_rosters
from shared.db.receipt_sources import wrong_clocks
from shared.db.signs_of_life import list_silent, read_totals
from shared.db.tables import office
from shared.db.uncertain import list_uncertain
from shared.db.upgrade import is_current
from shared.domain.causes import CAUSE_WORDS
from shared.domain.days import local_day
from shared.domain.findings import Finding
from shared.domain.office_changes import OLD_ROSTER_DAYS
from shared.domain.pace_words import time_words, utc_words
from shared.domain.relay_words import TRY_NOW, pause_words
from shared.domain.running import RunningInstallation
from shared.domain.running_words import process_findings, shell_words
from shared.domain.sender_domain import ABOUT_MX, faults, faults_mark
from shared.domain.signs_of_life import WHAT_HELPS
from shared.domain.visitors import visitor_finding
from shared.queue.broker_state import BrokerAway, read_broker
from shared.queue.names import QueueName
from shared.queue.recent_visitors import read_recent
from shared.queue.ring import connect_redis
from shared.services.delivery.mail_servers import paused_servers
from shared.services.delivery.restored import report_hold
from shared.services.delivery.switches import read_switches
from shared.services.heartbeat import read_running
from shared.services.outbox import open_transports
from shared.services.parts import failing_parts
from shared.services.relay import with_relay
from shared.services.secret_key import is_known_key
from shared.services.sender_domain import SenderCheck, ask_dns, read_check
from shared.services.uncertain import uncertain_advice, uncertain_words
from shared.settings import Settings

_CONNECT_SECONDS = 5.0
# More rings than this in one queue means that nobody takes them: rings are merged.
_QUEUE_LIMIT = 1_000
# Twice the time in which a sweep finds what a lost ring left.
_LATE = timedelta(minutes=2)
_ROSTER_AGE = timedelta(days=OLD_ROSTER_DAYS)
# Leases and due times are the database's; pages show this machine's clock.
_CLOCK_LIMIT = timedelta(seconds=2)
# Relay services post again for hours, so that a clock that is still wrong shows itself within a day.
_WRONG_CLOCK = timedelta(days=1)
_DISK_LIMIT_BYTES = 1024**3
_SENDER = "sender domain"
_BY_SHELL = "by this shell's settings, because nothing is running"
_CHECK_RELAY = "Check it (DEARREP_MAIL_RELAY_URL, or “Mail relay” in the console) and the firewall."
_SET_RELAY = "Set DEARREP_MAIL_RELAY_URL, or enter one in the console under “Delivery”."
_SEE_SENDER = "The console's page “Sender domain” under “Delivery” says what to create."
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def examine(engine: Engine, settings: Settings, part: str = "") -> list[Finding]:
    """The checks whose names begin with `part`; what depends on a database that does not answer is left out."""
    findings = [check_database(engine)]
    known: SenderCheck | None = None
    running = RunningInstallation()
    if findings[0].is_ok:
        running = read_running(engine)
        findings += process_findings(running)
        given, settings = settings, with_relay(engine, running.over(settings))
        if words := shell_words(running, given, settings):
            findings.append(Finding("shell", words))
        known = read_check(engine, settings)
        with engine.connect() as connection:
            findings.append(check_letters(connection, settings))
            findings += [
                check_uncertain(connection, settings),
                check_secret_key(engine, settings),
                check_delivery(engine, settings, running),
            ]
            checks: tuple[Callable[[Connection], Finding], ...] = (
                check_conservation,
                check_data,
                check_clock,
                check_webhooks,
                check_signs,
            )
            findings += [check(connection) for check in checks]
        findings.append(check_parts(engine))
    findings += check_broker(settings.redis_url)
    findings.append(check_visitors(settings.redis_url))
    mail = [check_relay(settings), check_mailbox(settings)]
    if _SENDER.startswith(part):
        # It takes seconds, which those who only ask whether workers run must not wait.
        mail.append(check_sender(settings, known.selectors if known else (), known))
    if not running.alive:
        mail = [replace(one, words=f"{one.words} ({_BY_SHELL})") for one in mail]
    findings += [*mail, check_disk(settings.var)]
    return [finding for finding in findings if finding.name.startswith(part)]


def check_database(engine: Engine) -> Finding:
    """It answers, and its schema is this version's."""
    try:
        with engine.connect() as connection:
            if not is_current(connection):
                return Finding("database", "answers, but its schema is older than the code", "Run: dearrep db upgrade")
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    except SQLAlchemyError as error:
        return Finding("database", f"does not answer ({type(error).__name__})", "Check DATABASE_URL and the server.")
    return Finding("database", f"PostgreSQL {str(version).split()[0]}, schema up to date")


def check_letters(connection: Connection, settings: Settings) -> Finding:
    """No letter that may leave waits for longer than a sweep takes, so workers are at work.

    What waits for a domain's rate, for the end of a rest, or for a domain to prove itself, is not late.
    """
    lines = list_domains(connection, open_transports(settings))
    taken = [one for one in lines if one.open_until is None and one.pace.rate_per_hour is None]
    taken = [one for one in taken if one.pace.allowance is None or one.pace.allowance > 0]
    late = [one for one in taken if one.oldest_due_s > _LATE.total_seconds()]
    if late:
        words = ", ".join(f"{one.receiving_domain} for {time_words(one.oldest_due_s)}" for one in late)
        return Finding("letters", f"due and not taken up: {words}", "See whether workers run: dearrep delivery pace")
    return Finding("letters", "none is overdue")


def check_uncertain(connection: Connection, settings: Settings) -> Finding:
    """No letter may have left unseen, unless a person has marked it as dealt with."""
    lines = list_uncertain(connection)
    if not lines:
        return Finding("uncertain", "no letter is uncertain")
    return Finding("uncertain", uncertain_words(lines), uncertain_advice(lines, settings.public_url))


def check_secret_key(engine: Engine, settings: Settings) -> Finding:
    """The data belong to the key that is set."""
    if is_known_key(engine, settings):
        return Finding("secret key", "it matches the database")
    words = "DEARREP_SECRET_KEY does not match this database: processes refuse to start with it"
    return Finding("secret key", words, "Put the old key back. If it is lost: dearrep key accept")


def check_delivery(engine: Engine, settings: Settings, running: RunningInstallation) -> Finding:
    """Nothing keeps all letters from leaving: no hold, no pause, no mail server that failed."""
    switches = read_switches(engine)
    if switches.hold_reason:
        words = " ".join([f"held: {switches.hold_reason}", *report_hold(engine).lines])
        return Finding("delivery", words, "Decide: dearrep delivery release")
    if switches.is_paused:
        return Finding("delivery", "everything is paused", "Go on: dearrep delivery resume")
    with engine.connect() as connection:
        paused = paused_servers(connection, settings)
        resting = _resting_domains(connection, settings)
    if paused:
        words = " ".join(pause_words(state, utc_words) for state in paused)
        return Finding("delivery", words, f"{CAUSE_WORDS[paused[0].open_cause].mend} Probe it: {TRY_NOW}")
    if resting:
        return Finding("delivery", f"paused: {', '.join(resting)}", "See why: dearrep delivery status")
    if not running.has_worker:
        return Finding("delivery", "neither paused nor held")
    return Finding("delivery", "letters leave when they are due")


def _resting_domains(connection: Connection, settings: Settings) -> list[str]:
    """Receiving domains that letters wait for and that are left alone, each with the time."""
    return [
        f"{one.receiving_domain} until {utc_words(one.open_until)}"
        for one in list_domains(connection, open_transports(settings))
        if one.waiting and one.open_until is not None
    ]


def check_conservation(connection: Connection) -> Finding:
    """Every letter that was promised is there, and no other."""
    imbalance = count_imbalance(connection)
    if imbalance:
        return Finding(
            "conservation",
            f"{imbalance} letters are missing or too many",
            "Pause: dearrep delivery pause. Compare with a backup; the log says which campaign.",
        )
    return Finding("conservation", "every promised letter is there")


def check_parts(engine: Engine) -> Finding:
    """The parts of the sweep and of tidying succeed."""
    failing = failing_parts(engine)
    if failing:
        words = "; ".join(f"“{one.part}” failed {one.failures} times ({one.error})" for one in failing)
        return Finding("sweep", words, "Look for “part.failed” in the workers' log; it names the line of code.")
    return Finding("sweep", "every part succeeds")


def check_data(connection: Connection) -> Finding:
    """Real legislators are there, and were looked at lately."""
    real = connection.execute(select(func.count()).where(office.c.is_practice.is_(False))).scalar_one()
    if not real:
        return Finding("data", "practice data only: no real legislator is written to", "Run: dearrep setup ma")
    rosters = newest_rosters(connection)
    kept = {state: at for state, at in rosters.items() if at and clock.now() - at <= _ROSTER_AGE}
    if old := sorted(rosters.keys() - kept.keys()):
        words = f"the legislators of {', '.join(old).upper()} were not imported in the last {OLD_ROSTER_DAYS} days"
        return Finding("data", words, f"Run: {'; '.join(f'dearrep setup {state}' for state in old)}")
    oldest = min(local_day(state, at) for state, at in kept.items())
    return Finding("data", f"{real} real offices, legislators last imported {oldest.isoformat()}")


def check_clock(connection: Connection) -> Finding:
    """This machine and the database agree on the time."""
    theirs = connection.execute(select(func.clock_timestamp())).scalar_one()
    apart = abs(clock.now() - theirs)
    if apart > _CLOCK_LIMIT:
        seconds = apart.total_seconds()
        return Finding("clock", f"this machine and the database differ by {seconds:.0f} s", "Set both by NTP.")
    return Finding("clock", "this machine and the database agree")


def check_webhooks(connection: Connection) -> Finding:
    """No relay service signs its events in the future, by this server's clock."""
    wrong = wrong_clocks(connection, _WRONG_CLOCK)
    if not wrong:
        return Finding("webhooks", "no relay service's clock is ahead of this server's")
    words = "; ".join(
        f"Events from {source} have timestamps {time_words(ahead_s)} ahead of this server's clock, "
        f"last at {utc_words(at)}"
        for source, at, ahead_s in wrong
    )
    words += ". Dear Rep doesn't keep them and asks the service to post them again."
    advice = "Set this server's clock with NTP. If it's already correct, contact the service."
    return Finding("webhooks", words, advice)


def check_signs(connection: Connection) -> Finding:
    """The letters that mail servers accept get answers and automatic replies as before."""
    silent = list_silent(connection)
    if not silent:
        letters = sum(one.letters for one in read_totals(connection).values())
        words = f"no sudden change in {letters:,} letters" if letters else "no letters counted yet"
        return Finding("signs", words)
    words = "; ".join(f"{one.receiving_domain} gave signs of life for {one.collapse.words}" for one in silent)
    return Finding("signs", words, WHAT_HELPS)


def check_broker(redis_url: str) -> list[Finding]:
    """The broker answers and never drops rings to save memory; queues are short; workers listen to all of them."""
    try:
        state = read_broker(redis_url)
    except BrokerAway as away:
        return [Finding("broker", f"does not answer ({away})", "Check REDIS_URL and the server.")]
    advice = "Set maxmemory-policy to noeviction: Redis may drop rings otherwise." if state.drops_rings else ""
    findings = [Finding("broker", f"answers, {state.kind}", advice), check_queues(state.lengths)]
    if not state.listeners:
        words = "none is listening"
    elif state.unheard:
        words = f"none listens to {', '.join(state.unheard)}"
    else:
        return [*findings, Finding("workers", f"{state.listeners} listening")]
    return [*findings, Finding("workers", words, "Start `make run`, or the worker lines of Procfile.")]


def check_queues(lengths: Mapping[QueueName, int]) -> Finding:
    """Rings are taken up."""
    words = ", ".join(f"{name} {length}" for name, length in lengths.items())
    if max(lengths.values()) > _QUEUE_LIMIT:
        return Finding("queues", f"rings pile up: {words}", "Start more workers (see Procfile).")
    return Finding("queues", words)


def check_visitors(redis_url: str) -> Finding:
    """The web servers in front of us name the visitors, not themselves."""
    try:
        marks = read_recent(connect_redis(redis_url))
    except (RedisError, OSError):
        marks = None
    if marks is None:
        return Finding("visitors", "not known: only Redis keeps where the last ones came from")
    return visitor_finding(marks)


def check_relay(settings: Settings) -> Finding:
    """The mail relay greets; no mail is sent."""
    if settings.relay_configured:
        return _greeted("mail relay", settings.mail_relay_url, _CHECK_RELAY)
    if settings.environment == "production":
        return Finding("mail relay", "none is set: nothing can be sent", _SET_RELAY)
    return Finding("mail relay", "none is set: every letter stays in the local mailbox")


def check_sender(settings: Settings, selectors: tuple[str, ...], known: SenderCheck | None = None) -> Finding:
    """DNS lets the relay send for our domain, and sends back what comes back. Nothing is asked without a relay.

    Faults that an organizer accepted in the console, exactly as they are now, are told and need nobody.
    """
    if not settings.relay_configured:
        return Finding(_SENDER, f"{settings.mail_domain}, not asked about: no mail leaves")
    found = ask_dns(settings, replace(known or SenderCheck(settings.mail_domain), selectors=selectors))
    wrong = faults(found)
    if not wrong:
        bounces = "".join(
            f". {one.words} {'' if one.kind else one.mend}".rstrip() for one in found if one.about == ABOUT_MX
        )
        return Finding(_SENDER, f"{settings.mail_domain}: DNS says what receivers want to know{bounces}")
    words = "; ".join(f"{one.about}: {one.words}" for one in wrong)
    if known is not None and known.is_accepted and faults_mark(found) == faults_mark(known.findings):
        return Finding(_SENDER, f"{words} {known.accepted_by} decided to go on all the same.")
    told = [one.mend for one in wrong if one.mend and not one.kind]
    return Finding(_SENDER, words, " ".join([*told, _SEE_SENDER]))


def check_mailbox(settings: Settings) -> Finding:
    """The local mailbox, where test letters go, greets and is on this machine or the private network."""
    return _greeted("mailbox", settings.mailbox_url, "Start `make run`, or the mailbox line of Procfile.")


def _greeted(name: str, url: str, advice: str) -> Finding:
    parts = urlsplit(url)
    host = parts.hostname or ""
    client: type[smtplib.SMTP] = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with client(host, parts.port or 25, timeout=_CONNECT_SECONDS) as connection:
            connection.ehlo()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(name, f"does not answer ({type(error).__name__})", advice)
    place = "on this machine" if host in _LOOPBACK else "on another machine"
    return Finding(name, f"answers, {place}")


def check_disk(var: Path) -> Finding:
    """There is room for the database to grow."""
    folder = next(path for path in (var, *var.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    words = f"{free / 1024**3:.1f} GB free"
    return Finding(
        "disk", words, "" if free > _DISK_LIMIT_BYTES else "Make room: PostgreSQL stops when the disk is full."
    )
