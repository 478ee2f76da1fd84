"""Speaks SMTP and says exactly how far it came. One recipient a transaction, one kept connection a session.

`smtplib.sendmail` raises the same error before and after the final dot, so this module drives the verbs itself:
what failed before the dot was certainly not delivered, what was lost after it may have been.
"""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from shared.domain.causes import Cause
from shared.domain.refusals import Effect, read_refusal
from shared.domain.status_codes import says_too_many, status_of_reply
from shared.failpoints import failpoint
from shared.providers.short_replies import ShortReplies, ShortRepliesOverTls
from shared.timing import Timing

_SUCCESS = range(200, 300)
_GO_AHEAD = range(354, 355)
_TEMPORARY = range(400, 500)
_PERMANENT = range(500, 600)
_CLOSING = 421
_TOO_LARGE = 552
# Of parameters: syntax, not implemented, not recognized.
_WRONG_WORDS = (501, 504, 555)
_DOT = b".\r\n"
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?A-~]+")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Verdict(StrEnum):
    """What became of one transaction."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    # Nothing was tried for this letter: the session itself is unusable. No attempt counts.
    UNSENT = "unsent"
    # We ourselves stopped before the dot: paused, or the lease ran out.
    STOPPED = "stopped"
    # The message could not be made; whoever asked for it says so, no server was asked.
    CRASHED = "crashed"


@dataclass(frozen=True)
class Outcome:
    """The verdict, its cause, and the server's own answer (one line, at most 500 characters).

    `is_closing` when the server said 421, which is about itself and not about the email; `is_too_many` when it did so
    for the number of our connections. `was_asked` is False when no server was asked at all.
    """

    verdict: Verdict
    cause: Cause
    reply: str = ""
    is_closing: bool = False
    is_too_many: bool = False
    was_asked: bool = True


_VERDICTS = {
    Effect.FINAL: Verdict.REJECTED,
    Effect.LATER: Verdict.DEFERRED,
    Effect.DOMAIN: Verdict.UNSENT,
    Effect.RELAY: Verdict.UNSENT,
}


class SmtpSession:
    """One connection to one mail server, opened at the first letter and kept for the next ones."""

    def __init__(self, url: str, helo_name: str, timing: Timing) -> None:
        """`url` smtp[s]://[user:password@]host:port[?starttls=1&notify=failure]; TLS is verified wherever it is used.

        With `notify=failure` a server that writes reports is asked for those of failures alone.
        """
        self.url = url
        self._timing = timing
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (465 if self._secure else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        options = parse_qs(parts.query)
        self._starttls = options.get("starttls", ["0"])[0] == "1" or bool(self._user)
        self._notify = "FAILURE,DELAY" if options.get("notify") == ["failure"] else "SUCCESS,FAILURE,DELAY"
        self._reports = True
        self._helo_name = helo_name
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Says QUIT. An error here changes no outcome."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def greet(self) -> Outcome | None:
        """Connects, with TLS and sign-in as the address says, and sends nothing; None when that went well."""
        return self._open()

    @property
    def tls_version(self) -> str:
        """`TLSv1.3`; empty while the connection is closed, or is not secret."""
        connection = self._smtp.sock if self._smtp is not None else None
        return connection.version() or "" if isinstance(connection, ssl.SSLSocket) else ""

    def send(self, sender: str, recipient: str, message: bytes, *, may_send: Callable[[], bool]) -> Outcome:
        """Hands over one message (bytes with CRLF line ends) and reports how it ended; never raises for the network.

        `may_send` is asked right before the final dot; when it says no, the connection is cut and nothing was sent.
        """
        was_open = self._smtp is not None
        outcome = self._send_once(sender, recipient, message, may_send)
        # A server may close a kept connection between two letters; that says nothing about this letter.
        if was_open and outcome.cause is Cause.CONNECTION and self._smtp is None:
            outcome = self._send_once(sender, recipient, message, may_send)
        return outcome

    def _send_once(self, sender: str, recipient: str, message: bytes, may_send: Callable[[], bool]) -> Outcome:
        refused = self._open()
        if refused:
            return refused
        smtp = self._smtp
        assert smtp is not None  # noqa: S101 - _open just set it
        try:
            for turn, (expected, (code, reply)) in enumerate(self._envelope(smtp, sender, recipient)):
                if code not in expected:
                    outcome = self._refused_verb(code, reply, is_first=turn == 0)
                    if code not in _WRONG_WORDS or not self._wants_reports(smtp):
                        return outcome
                    # It offers reports and can't read how they are asked for.
                    self._reports = False
                    return self._send_once(sender, recipient, message, may_send)
            _socket(smtp).sendall(_LEADING_DOT.sub(b"..", message))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome(Verdict.DEFERRED, Cause.CONNECTION, type(error).__name__)
        failpoint("deliver.before_dot")
        if not may_send():
            self._drop()
            return Outcome(Verdict.STOPPED, Cause.WORKER_STOPPED)
        return self._finish(smtp)

    def _open(self) -> Outcome | None:
        if self._smtp is not None:
            return None
        try:
            self._smtp = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            return Outcome(Verdict.UNSENT, Cause.AUTHENTICATION, _one_line(error.smtp_code, error.smtp_error))
        except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
            return Outcome(Verdict.UNSENT, Cause.TLS, type(error).__name__)
        except smtplib.SMTPResponseException as error:
            line = _one_line(error.smtp_code, error.smtp_error)
            return Outcome(Verdict.UNSENT, Cause.CONNECTION, line, is_too_many=says_too_many(line))
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.UNSENT, Cause.CONNECTION, type(error).__name__)
        failpoint("deliver.connected")
        return None

    def _connect(self) -> smtplib.SMTP:
        if self._secure:
            smtp: smtplib.SMTP = ShortRepliesOverTls(
                self._host, self._port, self._helo_name, timeout=self._timing.connect, context=_tls()
            )
        else:
            smtp = ShortReplies(self._host, self._port, self._helo_name, timeout=self._timing.connect)
        try:
            connection = _socket(smtp)
            # The dot is a small packet of its own, which must not wait for the receiver's delayed acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self._timing.verb)
            smtp.ehlo_or_helo_if_needed()
            if self._starttls and not self._secure:
                smtp.starttls(context=_tls())
                smtp.ehlo()
            if self._user:
                smtp.login(self._user, self._password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _envelope(self, smtp: smtplib.SMTP, sender: str, recipient: str) -> Iterator[tuple[range, tuple[int, bytes]]]:
        """The codes that let the talk go on, with the reply that came, one verb at a time.

        All three verbs go out at once where the server takes them so (RFC 2920), which saves two round trips.
        """
        # Reports (RFC 3461) settle what is uncertain, and need not carry the letter home.
        asked = (" RET=HDRS", f" NOTIFY={self._notify}")
        headers_only, notify = asked if self._wants_reports(smtp) else ("", "")
        verbs = (
            (_SUCCESS, f"MAIL FROM:<{sender}>{headers_only}"),
            (_SUCCESS, f"RCPT TO:<{recipient}>{notify}"),
            (_GO_AHEAD, "DATA"),
        )
        if not smtp.has_extn("pipelining"):
            for expected, command in verbs:
                yield expected, smtp.docmd(command)
                if command.startswith("RCPT"):
                    failpoint("deliver.after_rcpt")
            return
        _socket(smtp).sendall("".join(f"{command}\r\n" for _, command in verbs).encode("ascii"))
        replies = self._read_replies(smtp, len(verbs))
        failpoint("deliver.after_rcpt")
        refused = any(code not in expected for (expected, _), (code, _) in zip(verbs, replies, strict=False))
        if refused and replies[-1][0] in _GO_AHEAD:
            # It waits for a message although it refused the envelope: nothing may follow but the end.
            self._drop()
        yield from ((expected, reply) for (expected, _), reply in zip(verbs, replies, strict=False))
        if len(replies) < len(verbs):
            raise smtplib.SMTPServerDisconnected("The connection was closed between two replies.")

    def _wants_reports(self, smtp: smtplib.SMTP) -> bool:
        return self._reports and smtp.has_extn("dsn")

    @staticmethod
    def _read_replies(smtp: smtplib.SMTP, number: int) -> list[tuple[int, bytes]]:
        """As many as come; at least one, or the connection is lost."""
        replies = [smtp.getreply()]
        with contextlib.suppress(OSError, smtplib.SMTPException):
            while len(replies) < number:
                replies.append(smtp.getreply())
        return replies

    def _finish(self, smtp: smtplib.SMTP) -> Outcome:
        try:
            connection = _socket(smtp)
            connection.settimeout(self._timing.after_dot)
            connection.sendall(_DOT)
            failpoint("deliver.after_dot")
            code, reply = smtp.getreply()
            connection.settimeout(self._timing.verb)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome(Verdict.UNCERTAIN, Cause.LOST_AFTER_DOT, type(error).__name__)
        failpoint("deliver.after_250")
        if code in _SUCCESS:
            return Outcome(Verdict.ACCEPTED, Cause.NONE, _one_line(code, reply))
        if code not in (*_TEMPORARY, *_PERMANENT):
            # An answer that can't be read may have been a yes.
            self._drop()
            return Outcome(Verdict.UNCERTAIN, Cause.LOST_AFTER_DOT, _one_line(code, reply))
        return self._refusal(code, reply)

    def _refused_verb(self, code: int, reply: bytes, *, is_first: bool) -> Outcome:
        """A refusal before the dot. At MAIL the server knows nothing of the email yet: no attempt counts."""
        outcome = self._refusal(code, reply)
        if is_first and says_too_many(outcome.reply):
            self._drop()
            return replace(outcome, verdict=Verdict.UNSENT, cause=Cause.CONNECTION, is_too_many=True)
        if outcome.is_closing:
            # On a kept connection this is how a server ends it, and the email is tried over a new one.
            return replace(outcome, cause=Cause.CONNECTION, verdict=Verdict.UNSENT if is_first else outcome.verdict)
        return outcome

    def _refusal(self, code: int, reply: bytes) -> Outcome:
        outcome = classify(code, reply, ours=self._helo_name)
        if code == _CLOSING or code not in (*_TEMPORARY, *_PERMANENT):
            self._drop()
        else:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._smtp is not None:
                    self._smtp.rset()
        return outcome

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


@cache
def _tls() -> ssl.SSLContext:
    """Verified TLS; reading the machine's certificates takes long enough to do it once."""
    return ssl.create_default_context()


def is_deliverable(address: str) -> bool:
    """False for an address that no mail server takes as it stands."""
    return _ADDRESS.fullmatch(address) is not None


def classify(code: int, reply: bytes, *, ours: str = "") -> Outcome:
    """The outcome that a refusing reply means; `ours` is our mail domain, whose addresses stand for us."""
    line = _one_line(code, reply)
    refusal = read_refusal(line, status=status_of_reply(line), ours=ours)
    cause = refusal.cause
    if code not in _PERMANENT and refusal.effect is Effect.FINAL:
        # Not even a refusal, but a reply that has no place here.
        return Outcome(Verdict.DEFERRED, Cause.TEMPORARY, line, is_closing=code == _CLOSING)
    if cause is Cause.REFUSED and code == _TOO_LARGE:
        cause = Cause.TOO_LARGE
    if cause is Cause.GAVE_UP:
        # Nobody has tried for days who is asked for the first time.
        cause = Cause.REFUSED
    is_closing = code == _CLOSING and refusal.effect is Effect.LATER
    return Outcome(_VERDICTS[refusal.effect], cause, line, is_closing=is_closing)


def _socket(smtp: smtplib.SMTP) -> socket.socket:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("The connection is closed.")
    return smtp.sock


def _one_line(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"[:500]
