"""Reports as mail servers write them, and what the database says after they were applied."""

from typing import Any

from sqlalchemy import Engine, text

from shared.db.figures import count_imbalance
from shared.domain.identities import envelope_sender
from shared.queue.ring import Ring
from shared.services.receipts import apply_receipts, keep_mail
from shared.settings import Settings

OFFICE = "representative@practice.example"
UNKNOWN = ("failed", "5.1.1", "550 5.1.1 no such user")
FULL = ("failed", "5.2.2", "552 5.2.2 mailbox full")
DISTRUSTED = ("failed", "5.7.26", "550 5.7.26 unauthenticated mail is not accepted")
DELIVERED = ("delivered", "2.0.0", "250 2.0.0 ok")


def report(told: tuple[str, str, str], recipient: str = OFFICE) -> bytes:
    """A delivery status notification (RFC 3464) about one recipient, or about nobody in particular."""
    action, status, words = told
    lines = [
        "From: MAILER-DAEMON@relay.example",
        "Subject: About your mail",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "",
        *("--b", "Content-Type: text/plain", "", "Sorry.", "--b", "Content-Type: message/delivery-status", ""),
        *("Reporting-MTA: dns; relay.example", ""),
        *([f"Final-Recipient: rfc822; {recipient}"] if recipient else []),
        *(f"Action: {action}", f"Status: {status}", f"Diagnostic-Code: smtp; {words}", "", "--b--", ""),
    ]
    return "\r\n".join(lines).encode()


def complaint(recipient: str) -> bytes:
    """An abuse report (RFC 5965)."""
    lines = [
        "From: feedback@relay.example",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
        "",
        *("--b", "Content-Type: text/plain", "", "Spam.", "--b", "Content-Type: message/feedback-report", ""),
        *("Feedback-Type: abuse", "User-Agent: x/1", "Version: 1", f"Original-Rcpt-To: {recipient}", "", "--b--", ""),
    ]
    return "\r\n".join(lines).encode()


class Post:
    """Brings mail for one installation and asks its database."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring) -> None:
        self._engine, self._settings, self._ring = engine, settings, ring

    def verp(self, kind: str = "letter", number: int = 1, resends: int = 0) -> str:
        """The envelope sender that an email left with."""
        return envelope_sender(self._settings.secret_key, kind, number, self._settings.mail_domain, resends)

    def comes(self, raw: bytes, *, to: str = "", sender: str = "") -> None:
        """A mail arrives, about letter 1 unless told otherwise, and is applied."""
        keep_mail(self._engine, self._ring, sender=sender, recipient=to or self.verp(), raw=raw)
        apply_receipts(self._engine, self._ring, self._settings)

    def change(self, statement: str, **values: Any) -> None:
        """Whatever a test needs to be so."""
        with self._engine.begin() as connection:
            connection.execute(text(statement), values)

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows; everything adds up meanwhile."""
        with self._engine.connect() as connection:
            assert count_imbalance(connection) == 0
            return [tuple(row) for row in connection.execute(text(query), values)]

    def state(self, number: int = 1) -> str:
        """A letter's."""
        return str(self.ask("SELECT state FROM letter WHERE id = :number", number=number)[0][0])
