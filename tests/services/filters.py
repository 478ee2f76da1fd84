"""Receiving domains that filter: their servers, their letters, and what relays report of them."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import copy_letters
from tests.services.came_back import DELIVERED, Post, report
from tests.smtp_server import ScriptedSmtpServer

DOMAIN = "practice.example"
POLICY = "550 5.7.1 Message refused"
HELD = "SELECT open_until > now(), trial, allowance, rate_per_hour FROM domain_pace WHERE transport = 'relay'"
_SWEEPS = 5
MAILBOX = "SELECT mailbox, taken, most FROM mailbox_pace WHERE most IS NOT NULL"


class Filter:
    """A mail server that takes so many letters in a time, then refuses each one."""

    def __init__(self, server: ScriptedSmtpServer, takes: int, reply: str = POLICY) -> None:
        self.server, self.takes, self.reply, self.refused = server, takes, reply, 0
        server.on_verb = self._before

    def takes_again(self, letters: int) -> None:
        """Its window has passed."""
        self.takes = len(self.server.accepted) + letters

    def _before(self, verb: str) -> None:
        if verb == "DATA":
            is_full = len(self.server.accepted) >= self.takes
            self.refused += is_full
            self.server.replies = {"dot": self.reply} if is_full else {}


class Office:
    """Letters to a domain of many mailboxes, and the workers that deliver them."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring, post: Post) -> None:
        self.engine, self.settings, self.ring, self.post = engine, settings, ring, post

    def deliver(self, url: str) -> None:
        """The workers deliver what is due, then a sweep comes."""
        settings = replace(self.settings, mail_relay_url=url)
        while deliver_letters(self.engine, self.ring, settings, first_tries=True):
            pass
        # On a busy machine one sweep does not bring all back.
        for _ in range(_SWEEPS):
            sweep(self.engine, self.ring, settings)
            if not self.post.ask("SELECT 1 FROM domain_answer WHERE goes_back LIMIT 1"):
                break

    def later(self, interval: str) -> None:
        """Time passes for the domain."""
        moved = {
            "letter_event": ("at",),
            "domain_answer": ("answered_at", "claimed_at"),
            "domain_pace": ("open_until", "held_at", "allowed_at", "trial_at", "refilled_at"),
        }
        for table, columns in moved.items():
            earlier = ", ".join(f"{column} = {column} - CAST(:by AS interval)" for column in columns)
            self.post.change(f"UPDATE {table} SET {earlier}", by=interval)

    def states(self) -> dict[str, int]:
        """How many letters are in each state."""
        return dict(self.post.ask("SELECT state, count(*) FROM letter GROUP BY state"))  # type: ignore[arg-type]


def write(office: Office, count: int, mailboxes: int = 20) -> None:
    """So many letters wait, and nothing else."""
    copy_letters(office.engine, count, mailboxes=mailboxes)
    office.post.change("UPDATE letter SET state = 'cancelled' WHERE transport = 'mailbox'")


def reply_to(server: ScriptedSmtpServer, is_refused: Callable[[str], bool]) -> None:
    """Refuses letters to some mailboxes."""

    def before(verb: str) -> None:
        if verb == "RCPT":
            server.replies = {"dot": POLICY} if is_refused(server.lines[-1]) else {}

    server.on_verb = before


def bounce(
    recipient: str,
    *,
    reporter: str = "mail.letters.example",
    remote: str = "mx.practice.example",
    told: tuple[str, str, str] = ("failed", "5.7.1", POLICY),
) -> bytes:
    """What a relay writes when the receiving server refuses a letter that the relay has taken."""
    raw = report(told, recipient)
    raw = raw.replace(b"Reporting-MTA: dns; relay.example", f"Reporting-MTA: dns; {reporter}".encode())
    return raw.replace(b"Diagnostic-Code:", f"Remote-MTA: dns; {remote}\r\nDiagnostic-Code:".encode())


def bounces(
    office: Office, limit: int = 1_000, *, which: str = "state = 'sent'", order: str = "sent_at, id", **parties: str
) -> int:
    """Letters that have left come back, the first ones first; how many. `which` is a condition in SQL."""
    left = office.post.ask(
        f"SELECT id, recipient_email, resends FROM letter WHERE {which} AND sent_at IS NOT NULL"
        f" ORDER BY {order} LIMIT :limit",
        limit=limit,
    )
    for number, recipient, resends in left:
        office.post.comes(bounce(recipient, **parties), to=office.post.verp(number=number, resends=resends))
    return len(left)


def arrives(office: Office, number: int) -> None:
    """The relay reports that a letter was delivered."""
    ((recipient,),) = office.post.ask("SELECT recipient_email FROM letter WHERE id = :number", number=number)
    office.post.comes(report(DELIVERED, recipient), to=office.post.verp(number=number))


def an_hour_later(office: Office) -> None:
    """The hour of every mailbox is over, and what waited for it is due."""
    office.post.change("UPDATE mailbox_pace SET hour_began_at = hour_began_at - interval '61 minutes'")
    office.post.change("UPDATE letter SET due_at = now() WHERE state = 'queued'")
