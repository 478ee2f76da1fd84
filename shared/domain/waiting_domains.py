"""Mail domains that letters of a campaign wait for: stopped, putting us off, or slow; and how organizers read it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.attention import Group, Move, Way, noun
from shared.domain.bulk import BulkAction
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_filter import LetterFilter
from shared.domain.pace import Pace, seconds_to_empty
from shared.domain.pace_words import said_words, time_words, trial_words
from shared.domain.states import LetterState
from shared.domain.transport import Transport

# A server that takes longer than this for a letter is called slow.
SLOW_S = 0.5
_DELIVERY = Move("See delivery", Way.DELIVERY)
_OURS = {
    Cause.AUTHENTICATION: "our mail relay refuses to sign us in",
    Cause.TLS: "the secure connection to our mail relay fails",
    Cause.CONNECTION: "our mail relay can’t be reached",
    Cause.OUR_DNS: "our sender domain is not trusted",
    Cause.RELAY_LIMIT: "our mail relay’s sending limit is reached",
    Cause.RELAY_REFUSED: "our mail relay does not send mail for us",
    Cause.RELAY_MISSING: "no mail relay is set up",
}

# What is said of a domain that we leave alone for a while.
_LEFT_ALONE = {
    Cause.OUR_REPUTATION: "does not accept mail from our server",
    Cause.OUR_RATE: "accepts fewer letters an hour than we sent",
    Cause.CONTENT: "refuses the campaign’s letter",
    Cause.REFUSED: "refuses our letters",
    Cause.GAVE_UP: "returns our letters",
}
# The receiving domain refused letters of several people to several offices (`shared.domain.refusal_runs`).
_REFUSES = frozenset({Cause.CONTENT, Cause.REFUSED, Cause.GAVE_UP})


@dataclass(frozen=True)
class WaitingDomain:
    """A mail domain that letters of the campaign wait for. `open_until` while nobody talks to it.

    `is_relays` when that is so because the mail relay itself is paused.
    """

    transport: Transport
    receiving_domain: str
    pace: Pace
    open_until: datetime | None
    open_cause: Cause
    queued: int
    deferred: int
    next_try: datetime | None
    is_relays: bool = False
    open_reply: str = ""

    @property
    def waiting(self) -> int:
        """Letters that have not left."""
        return self.queued + self.deferred


def waiting_groups(
    domains: Sequence[WaitingDomain], usable: Sequence[Transport], say: Callable[[datetime], str]
) -> Iterator[Group]:
    """What waits, and why: troubles of ours once for all domains, of servers one by one. `say` writes a time."""
    ours: dict[Cause, list[WaitingDomain]] = {}
    for one in domains:
        cause = Cause.RELAY_MISSING if one.transport not in usable else one.open_cause if one.open_until else Cause.NONE
        is_relays = one.is_relays and one.transport is not Transport.MAILBOX
        if cause in _OURS and (cause is not Cause.CONNECTION or is_relays):
            ours.setdefault(cause, []).append(one)
        elif one.open_until:
            yield _left_alone(one, say(one.open_until))
        elif one.pace.trial:
            yield _on_trial(one)
        elif one.deferred:
            yield _put_off(one, say(one.next_try) if one.next_try else "soon")
        elif one.queued and one.pace.seconds_per_letter >= SLOW_S:
            yield _slow(one)
    for cause, several in ours.items():
        yield _ours(cause, several, say)


def _ours(cause: Cause, several: Sequence[WaitingDomain], say: Callable[[datetime], str]) -> Group:
    count = sum(one.waiting for one in several)
    title = f"{noun(count)} {'waits' if count == 1 else 'wait'}: {_OURS[cause]}"
    probes = [one.open_until for one in several if one.is_relays and one.open_until]
    paused = f" Paused until {say(max(probes))}, when one connection tries again." if probes else ""
    text = f"{CAUSE_WORDS[cause].mend}{paused} No letter is lost; they leave by themselves when it works."
    return Group(f"ours-{cause}", title, text, count, (_DELIVERY,), icon="lock")


def _left_alone(one: WaitingDomain, until: str) -> Group:
    what = _LEFT_ALONE.get(one.open_cause, "can’t be reached")
    title = f"{one.receiving_domain} {what}: {noun(one.waiting)} {'waits' if one.waiting == 1 else 'wait'}"
    text = f"{CAUSE_WORDS[one.open_cause].what} We leave it alone until {until}, then try again by ourselves."
    if one.open_cause in _REFUSES:
        text = _refuses(one, f"We send one letter at {until}, then a few more each time it takes them.")
    return _watched("stopped", one, title, text, (_DELIVERY,))


def _on_trial(one: WaitingDomain) -> Group:
    title = f"{one.receiving_domain} refused our letters: {noun(one.waiting)} {'waits' if one.waiting == 1 else 'wait'}"
    next_step = f"A {trial_words(one.pace)} is under way. If its server takes it, twice as many follow."
    return _watched("trial", one, title, _refuses(one, next_step), (_DELIVERY,))


def _refuses(one: WaitingDomain, next_step: str) -> str:
    """What the mail server said, what happens next, and what helps."""
    what_follows = (
        "The letters that it refused wait again; their supporters were not told that they failed."
        f" {next_step} What helps: ask the legislature’s IT office to allow mail from your sender domain, or set a"
        " lower rate. “Try now” on the delivery page releases all at once."
    )
    return f"{said_words(one.open_reply)} {what_follows}".lstrip()


def _put_off(one: WaitingDomain, next_try: str) -> Group:
    title = f"{one.receiving_domain} asks us to come back later: {noun(one.deferred)}"
    text = f"Many servers do that at first. Nothing to do: next try {next_try}."
    return _watched("later", one, title, text, (Move("Try now", action=BulkAction.RETRY), _DELIVERY))


def _slow(one: WaitingDomain) -> Group:
    title = (
        f"{one.receiving_domain} takes its letters slowly: {noun(one.queued)} {'waits' if one.queued == 1 else 'wait'}"
    )
    seconds = seconds_to_empty(one.pace, one.queued)
    text = f"Nothing to do: all have left in {time_words(seconds)}." if seconds else "Nothing to do but wait."
    return _watched("slow", one, title, text, (_DELIVERY,))


def _watched(key: str, one: WaitingDomain, title: str, text: str, moves: tuple[Move, ...]) -> Group:
    state = LetterState.DEFERRED if one.deferred else LetterState.QUEUED
    wanted = LetterFilter(state=state, domain=one.receiving_domain)
    return Group(
        f"{key}-{one.receiving_domain}", title, text, one.waiting, moves, wanted, icon="clock", is_watched=True
    )
