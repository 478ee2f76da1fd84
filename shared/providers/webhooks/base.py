"""What every webhook adapter offers and needs: events, the age of a post, and a way into JSON that never stumbles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from shared.clock import now
from shared.errors import SignedInFuture, WebhookRefused

# SNS posts again for an hour, Mailgun for eight, SendGrid for a day, and none says that it signs anew each time.
# What is replayed within that is caught by the event's id.
LONGEST_AGE_S = 25 * 3_600.0
# Two clocks never quite agree.
_MOST_AHEAD_S = 300.0
# No more is told of a clock, whatever the post says: about 30 years.
_MOST_TOLD_S = 1e9
# Theirs have some 50 characters.
_MOST_NAME = 200


@dataclass(frozen=True)
class Event:
    """One event: `id` is the service's own and the same however often it is posted, `raw` its JSON text.

    `token` names the signature where that does not cover the event, and must come with no other one.
    """

    id: str
    raw: str
    token: str = ""


class Webhook(Protocol):
    """Takes the posts of one relay service."""

    def events(self, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """The events of one post, whose sender is proven; `headers` in any case.

        Raises WebhookRefused for what is forged, stale or unreadable: the same post will never be taken. Raises
        Retryable when the proof itself can't be fetched now: the service should post again; SignedInFuture is one.
        """


def make_event(name: str, value: object, token: str = "") -> Event:
    """An event that is called by its name, or by what it says when the service gave it none."""
    raw = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return Event(storable_name(name) if name else _hash(raw), raw, token)


def storable_name(name: str) -> str:
    """A name as it is, if it can be stored and indexed; else its hash."""
    is_plain = name.isascii() and name.isprintable() and 0 < len(name) <= _MOST_NAME
    return name if is_plain else _hash(name)


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def load(body: str | bytes) -> Any:
    """Decoded JSON; raises WebhookRefused."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRefused("What was posted is not JSON.") from None


def find_header(headers: Mapping[str, str], name: str) -> str:
    """A header's value, whatever the case of its name; empty when there is none."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def check_age(seconds: str) -> None:
    """Raises WebhookRefused unless the Unix time, as text, is about now; SignedInFuture for a later one.

    Only for posts whose signature was checked: doctor tells organizers that the service's clock differs.
    """
    try:
        age_s = now().timestamp() - float(seconds)
    except ValueError:
        raise WebhookRefused("What was posted does not say when it was signed.") from None
    if age_s < -_MOST_AHEAD_S:
        # One of the two clocks is wrong, which passes: the service posts it again.
        raise SignedInFuture(min(-age_s, _MOST_TOLD_S))
    if not age_s <= LONGEST_AGE_S:
        raise WebhookRefused("What was posted was signed too long ago. Is this machine's clock right?")


def at(value: object, *path: str | int) -> Any:
    """What stands at a path of keys and places; None when the path leads nowhere."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """The text or number at a path, as text; empty for anything else."""
    found = at(value, *path)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""
