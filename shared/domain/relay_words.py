"""How a mail server is, in the words that pages and commands share."""

from collections.abc import Callable
from datetime import datetime

from shared.domain.causes import CAUSE_WORDS
from shared.domain.relay_state import Breaker, RelayState
from shared.domain.transport import MailServer

_NAMES = {MailServer.RELAY: "mail relay", MailServer.MAILBOX: "local mailbox"}
# The command that ends the rest of the relay.
TRY_NOW = "dearrep delivery try-now"
Say = Callable[[datetime], str]


def server_words(server: MailServer) -> str:
    """`mail relay`."""
    return _NAMES[server]


def breaker_words(state: RelayState, say: Say) -> str:
    """`open`, `paused until 20:57 UTC`, `being probed`; `say` writes a time."""
    if state.breaker is Breaker.CLOSED:
        return "open"
    if state.breaker is Breaker.OPEN and state.open_until is not None:
        return f"paused until {say(state.open_until)}"
    return "being probed" if state.connections.is_probed else "paused until the next email probes it"


def pause_words(state: RelayState, say: Say) -> str:
    """`The mail relay is paused until 20:57 UTC. The mail relay refused our sign-in.`, of one whose breaker is open."""
    return f"The {server_words(state.server)} is {breaker_words(state, say)}. {CAUSE_WORDS[state.open_cause].what}"


def probe_words(state: RelayState) -> str:
    """What happens next, and what a person can do."""
    probe = "" if state.breaker is Breaker.PROBING else "Then one connection probes it. "
    return f"{probe}When it answers, all others follow. {CAUSE_WORDS[state.open_cause].mend}"


def connection_words(state: RelayState) -> str:
    """`3 of 16 connections in use`, and why it is fewer than were set."""
    words = f"{state.connections.in_use} of {state.ceiling} connections in use"
    if state.ceiling == state.max_connections:
        return words
    return f"{words} (set to {state.max_connections}, but the server refused more)"


def relay_rate_words(rate_per_hour: int | None) -> str:
    """`no rate limit`."""
    return "no rate limit" if rate_per_hour is None else f"at most {rate_per_hour:,} emails an hour"
