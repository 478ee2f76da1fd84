"""Finds ports on this machine, and says plainly when one is taken."""

from shared.local.broker import free_port, is_free
from shared.local.processes import LocalError

DEFAULT_PORT = 8000
_LAST_PORT = 8010
DEFAULT_MAILBOX_PORT = 8025


def choose_web_port(asked: int | None) -> int:
    """The asked port or an error that names it; without a wish 8000 or the next free one."""
    if asked is not None:
        if not is_free(asked):
            raise LocalError(f"Port {asked} is taken by another program. Choose one: make run PORT={asked + 1}")
        return asked
    for port in range(DEFAULT_PORT, _LAST_PORT + 1):
        if is_free(port):
            return port
    raise LocalError(f"Ports {DEFAULT_PORT} to {_LAST_PORT} are all taken. Choose one: make run PORT=8080")


def choose_mailbox_port() -> int:
    """8025, or any free one: nobody types it."""
    return DEFAULT_MAILBOX_PORT if is_free(DEFAULT_MAILBOX_PORT) else free_port()
