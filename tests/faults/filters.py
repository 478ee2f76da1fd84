"""Filters of a receiving domain, drawn by a seed: what they refuse, in which words, at which verb, and for how long."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from shared.domain.identities import read_mark
from shared.domain.transport import Transport
from tests.faults.sink import Envelope

DOMAIN, MAILBOXES, LETTERS = "house.example", 5, 30
# What one supporter's edited letter says and the others don't.
DISLIKED = "Angry words"
# Of all seeds, so many draw filters.
_SHARE = 0.4
_MOST_TAKEN_FIRST = 8
_LONGEST = 3


class Reach(Enum):
    """What a filter refuses."""

    DOMAIN = auto()
    MAILBOX = auto()
    TEXT = auto()


@dataclass(frozen=True)
class Kind:
    """`verbs` are where it may refuse; `is_late` when a relay takes the letter and reports the refusal later.

    `fails_letters` when the refusal is about the letter or its address for good, `delays_letters` when it never ends
    one. Any other may end a few letters, until it is known to refuse all.
    """

    name: str
    replies: tuple[str, ...]
    reach: Reach = Reach.DOMAIN
    verbs: tuple[str, ...] = ("RCPT", "dot")
    fails_letters: bool = False
    delays_letters: bool = False
    is_relays: bool = False
    is_late: bool = False


_WAVE = (
    "550 5.7.1 Message refused",
    "554 5.7.1 Delivery not authorized, message refused",
    "550 5.7.1 Message refused by policy",
)
_CLOSED = ("550 5.7.1 Recipient does not accept this message",)
_DEAD = ("550 5.1.1 User unknown",)
_DISLIKES = ("550 5.7.1 Message rejected: offensive content",)
KINDS = (
    Kind("domain refuses everything", _WAVE),
    Kind("domain refuses everything, reported later", _WAVE, is_late=True),
    Kind("dead mailbox", _DEAD, Reach.MAILBOX, fails_letters=True),
    Kind("dead mailbox, reported later", _DEAD, Reach.MAILBOX, fails_letters=True, is_late=True),
    Kind("mailbox refuses everything", _CLOSED, Reach.MAILBOX),
    Kind("mailbox refuses everything, reported later", _CLOSED, Reach.MAILBOX, is_late=True),
    Kind(
        "quota of the relay ends",
        (
            "550 5.4.5 Daily user sending quota exceeded",
            "552 5.2.2 Sending quota of your account exceeded",
            "554 5.7.0 You have reached your daily sending limit",
        ),
        delays_letters=True,
        is_relays=True,
    ),
    Kind(
        "our rate",
        (
            "421 4.7.28 Our system has detected an unusual rate of mail from your IP address",
            "450 4.7.28 Too many messages from your IP address, slow down",
            "550 5.7.28 Our system has detected an unusual rate of mail from your IP address",
        ),
        delays_letters=True,
    ),
    Kind(
        "our reputation",
        (
            "421 4.7.0 Temporarily deferred due to the poor reputation of your IP address",
            "450 4.7.1 Client host blocked using bl.example.org",
            "550 5.7.1 Client host [192.0.2.1] blocked using zen.example.org",
        ),
        delays_letters=True,
    ),
    Kind(
        "our rate, reported later",
        ("550 5.7.28 Our system has detected an unusual rate of mail from your IP address, try later",),
        delays_letters=True,
        is_late=True,
    ),
    Kind("edited text refused", _DISLIKES, Reach.TEXT, ("dot",), fails_letters=True),
    Kind("edited text refused, reported later", _DISLIKES, Reach.TEXT, fails_letters=True, is_late=True),
    Kind("mailbox full", ("552 5.2.2 Mailbox full", "452 4.2.2 Mailbox full"), Reach.MAILBOX, delays_letters=True),
    Kind(
        "mailbox full, reported later",
        ("552 5.2.2 Mailbox is full",),
        Reach.MAILBOX,
        delays_letters=True,
        is_late=True,
    ),
)


@dataclass(frozen=True)
class Filter:
    """Takes `takes` letters of the domain, or all but those of `mailbox`; ends after `lasts` steps."""

    kind: Kind
    reply: str
    verb: str
    mailbox: str
    takes: int
    lasts: int

    def refuses(self, envelope: Envelope, message: bytes, taken: int) -> bool:
        """Does it refuse this email, after so many letters of the domain?"""
        match self.kind.reach:
            case Reach.DOMAIN:
                return taken >= self.takes
            case Reach.MAILBOX:
                return envelope.recipient == self.mailbox
            case Reach.TEXT:
                return DISLIKED.encode() in message


@dataclass(frozen=True)
class Passed:
    """An email that the relay took, by its Message-ID; `reply` is the answer that refused it behind the relay."""

    envelope: Envelope
    name: str
    reply: str


@dataclass
class Filters:
    """The filters of one seed: the rules of the server that receives. `passed` is what its relay has not reported yet.

    They guard `letters`. Letters of the test inbox may go to the same mailboxes, and pass.

    `is_released` when an organizer ends the domain's rest after the filters have gone, `tells_success` when the relay
    reports deliveries as well. `reports` says how it reports.
    """

    drawn: Sequence[Filter]
    transport: Transport
    is_released: bool
    tells_success: bool
    reports: Sequence[str]
    secret: str = ""
    letters: frozenset[int] = frozenset()
    taken: int = 0
    steps: int = 0
    passed: list[Passed] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def refuse(self, verb: str, envelope: Envelope, message: bytes) -> str:
        """The answer of the first filter that refuses an email to the domain at this verb."""
        by = self._refusing(envelope, message, lambda one: not one.kind.is_late and one.verb == verb)
        if by is None:
            return ""
        self.refused[by.kind.name] += 1
        return by.reply

    def refuse_later(self, envelope: Envelope, name: str, message: bytes) -> str:
        """The answer of the first filter that refuses, behind the relay, an email to the domain that it took."""
        if not self._guards(envelope):
            return ""
        by = self._refusing(envelope, message, lambda one: one.kind.is_late)
        reply = by.reply if by else ""
        if by is None:
            self.taken += 1
        else:
            self.refused[by.kind.name] += 1
        if self.transport is Transport.RELAY:
            self.passed.append(Passed(envelope, name, reply))
        return reply

    def step(self) -> None:
        """Time passes: filters end."""
        self.steps += 1

    @property
    def have_ended(self) -> bool:
        """Does the domain take everything now?"""
        return all(one.lasts < self.steps for one in self.drawn)

    def _guards(self, envelope: Envelope) -> bool:
        mark = read_mark(self.secret, envelope.sender)
        is_one = mark is not None and mark.kind == "letter" and mark.number in self.letters
        return is_one and envelope.recipient.endswith(f"@{DOMAIN}")

    def _refusing(self, envelope: Envelope, message: bytes, is_asked: Callable[[Filter], bool]) -> Filter | None:
        if not self._guards(envelope):
            return None
        at_work = (one for one in self.drawn if one.lasts >= self.steps and is_asked(one))
        return next((one for one in at_work if one.refuses(envelope, message, self.taken)), None)


def kind_of(reply: str) -> Kind | None:
    """The kind of filter that says this; None for the answers of a mail server in a mood."""
    return next((kind for kind in KINDS if reply in kind.replies), None)


def draw_filters(rng: random.Random) -> Filters | None:
    """None for most seeds; one filter for most others, up to three."""
    if rng.random() >= _SHARE:
        return None
    kinds = rng.sample(KINDS, rng.choice((1, 1, 1, 2, 2, 3)))
    needs_relay = any(kind.is_late or kind.is_relays for kind in kinds)
    transport = Transport.RELAY if needs_relay else rng.choice((Transport.RELAY, Transport.DIRECT))
    mailboxes = rng.sample(range(1, MAILBOXES + 1), len(kinds))
    drawn = [
        Filter(
            kind,
            rng.choice(kind.replies),
            rng.choice(kind.verbs),
            f"office{mailbox}@{DOMAIN}",
            rng.randint(0, _MOST_TAKEN_FIRST),
            rng.randint(0, _LONGEST),
        )
        for kind, mailbox in zip(kinds, mailboxes, strict=True)
    ]
    reports = rng.choice((("mail",), ("webhook",), ("mail", "webhook")))
    return Filters(drawn, transport, rng.random() < 0.5, rng.random() < 0.5, reports)
