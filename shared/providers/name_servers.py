"""Asks DNS, within a time that was given to all questions together. The only place that knows the library."""

import time

import dns.exception
import dns.nameserver
import dns.resolver

from shared.domain.dns_answers import SILENT, Answer, RecordKind
from shared.domain.typed_text import mark_invisible

# One question may take so many seconds; what was lost on the way is asked again meanwhile.
_QUESTION_S = 2.0
_LEAST_S = 0.05
# Larger than any key or policy; one answer may bring 64 kB.
_MOST_TXT = 8_192


class NameServers:
    """One round of questions: each is asked once, and none when the time is over."""

    def __init__(self, servers: tuple[tuple[str, int], ...] = (), *, seconds: float) -> None:
        """`servers` as address and port; empty for those of this machine."""
        self._ends = time.monotonic() + seconds
        self._known: dict[tuple[str, RecordKind], Answer] = {}
        try:
            self._resolver: dns.resolver.Resolver | None = dns.resolver.Resolver(configure=not servers)
        except (OSError, dns.exception.DNSException):
            # This machine names no server.
            self._resolver = None
        if self._resolver is not None and servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]

    def ask(self, name: str, kind: RecordKind) -> Answer:
        """What DNS says; never raises."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            self._known[key] = self._ask(*key)
        return self._known[key]

    def _ask(self, name: str, kind: RecordKind) -> Answer:
        left = self._ends - time.monotonic()
        if self._resolver is None or left < _LEAST_S:
            return SILENT
        try:
            found = self._resolver.resolve(f"{name}.", kind, lifetime=min(left, _QUESTION_S), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Answer()
        except (OSError, ValueError, dns.exception.DNSException):
            # Time-out, a server that fails, an answer that can't be read, or a name that DNS can't have.
            return SILENT
        return Answer(tuple(_text(record, kind) for record in found))


def _text(record: object, kind: RecordKind) -> str:
    if kind == "TXT":
        octets = b"".join(record.strings)[:_MOST_TXT]  # type: ignore[attr-defined]
        return mark_invisible(octets.decode("utf-8", "replace"))
    if kind == "MX":
        return f"{record.preference} {record.exchange.to_text(omit_final_dot=True)}"  # type: ignore[attr-defined]
    return str(record)
