"""Hands a claimed batch to a mail server, one email after the other, and says what became of each.

No transaction is open meanwhile. The journal knows each step before it is taken, so that whoever tidies up after
a crash can tell what was certainly not sent from what may have been.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from shared.db.claims import Kind, Result
from shared.db.driver import Row
from shared.domain.backoff import deferred_delay
from shared.domain.causes import Cause
from shared.domain.identities import envelope_sender
from shared.domain.pace import BatchSummary
from shared.domain.receipts import relay_id
from shared.domain.refusal_runs import Answer, counts
from shared.domain.refusals import EFFECTS, Effect
from shared.domain.states import LetterState
from shared.providers.journal import Item, Journal
from shared.providers.smtp import Outcome, SmtpSession, Verdict, is_deliverable
from shared.services.delivery.recent_answers import RecentAnswers
from shared.settings import Settings
from shared.timing import Timing

_LOG = structlog.get_logger()
CRASHES_BEFORE_QUARANTINE = 3
# A letter whose message can't be built waits this long for its next try.
_AFTER_CRASH_S = 60.0


@dataclass(frozen=True)
class Parcel:
    """One claimed email. `build` makes its bytes; it may raise, which then counts as a crash of this one alone."""

    kind: Kind
    id: int
    attempt: int
    tries: int
    crash_count: int
    campaign_id: int
    sender: str
    recipient: str
    build: Callable[[], bytes]
    receiving_domain: str = ""

    @property
    def mailbox(self) -> str:
        """Its recipient, as mailboxes are counted."""
        return self.recipient.lower()

    @property
    def item(self) -> Item:
        """How the journal names this attempt."""
        return Item(self.kind.value, self.id, self.attempt)


@dataclass(frozen=True)
class Carried:
    """Results for the whole batch, and what its server was like. `refusal` when it would not talk to us at all.

    `too_many` when it refused this connection for the number of them. `refusing` are the receiving domains that refuse
    us, whatever the letter, and why. `lost` of the answered emails met a connection that ended without a word.
    `is_doubtful` when the receiving domain has refused letters of this process lately.
    """

    results: tuple[Result, ...]
    summary: BatchSummary
    refusal: Cause = Cause.NONE
    too_many: bool = False
    refusing: Mapping[str, Cause] = field(default_factory=dict)
    lost: int = 0
    is_doubtful: bool = False

    @property
    def has_answer(self) -> bool:
        """Did the server answer about any email?"""
        return bool(self.refusing) or self.summary.answered > self.lost

    def accepted(self, parcels: Sequence[Parcel]) -> list[Item]:
        """Those of the batch that a mail server took."""
        taken = {(one.id, one.attempt) for one in self.results if one.state is LetterState.SENT}
        return [parcel.item for parcel in parcels if (parcel.id, parcel.attempt) in taken]

    def untried(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """Those of the batch that wait as before: no mail server was asked about them."""
        untried = {one.id for one in self.results if not one.tried}
        return [parcel for parcel in parcels if parcel.id in untried]


def parcel_of(kind: Kind, row: Row, settings: Settings, build: Callable[[], bytes]) -> Parcel:
    """The parcel of a row that was just claimed. Only letters stop with their campaign."""
    return Parcel(
        kind=kind,
        id=row["id"],
        attempt=row["attempt"],
        tries=row["tries"],
        crash_count=row["crash_count"],
        campaign_id=row["campaign_id"] if kind is Kind.LETTER else 0,
        sender=envelope_sender(settings.secret_key, kind.value, row["id"], settings.mail_domain, row["resends"]),
        recipient=row["recipient_email"],
        build=build,
        receiving_domain=row["receiving_domain"],
    )


def boot_seconds() -> float:
    """Seconds since the machine started; goes on while the process, or the machine, sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def carry(
    session: SmtpSession,
    journal: Journal,
    parcels: Sequence[Parcel],
    *,
    timing: Timing,
    claimed_at: float,
    stop: Callable[[], bool],
    is_stopped: Callable[[Parcel], bool],
    is_edited: Callable[[Parcel], bool],
    recent: RecentAnswers,
) -> Carried:
    """Works through the batch for `timing.batch` seconds; `claimed_at` is `boot_seconds()` before the claim.

    `stop` ends the batch early; `is_stopped` says that one may not be sent now, `recent` that its domain or mailbox
    refuses everything, `is_edited` that a supporter wrote in a letter. What was not reached goes back to `queued`: it
    certainly was not sent.
    """
    results: list[Result] = []
    met = _Met()
    started = time.monotonic()
    for parcel in parcels:
        if stop() or time.monotonic() - started > timing.batch or boot_seconds() - claimed_at > timing.last_dot:
            break
        cause = met.refusing.get(parcel.receiving_domain, Cause.NONE)
        if cause := cause or recent.refusal(parcel.receiving_domain, parcel.mailbox, claimed_at):
            results.append(_untouched(parcel, cause))
            continue
        outcome = _hand_over(session, journal, parcel, _guard(parcel, timing, claimed_at, is_stopped))
        results.append(result_of(parcel.id, parcel.attempt, parcel.tries, parcel.crash_count, outcome, timing))
        _LOG.info("mail.tried", kind=parcel.kind, id=parcel.id, attempt=parcel.attempt, verdict=outcome.verdict.value)
        met.note(parcel, outcome)
        if parcel.kind is Kind.LETTER:
            _tell(recent, parcel, outcome, is_edited)
        if met.refusal:
            break
    results += [_untouched(parcel, met.refusal or Cause.WORKER_STOPPED) for parcel in parcels[len(results) :]]
    # A server that refuses us is not asked again at once, whatever the lane.
    results = [replace(one, due_in_s=timing.breaker) if _waits(one, met) else one for one in results]
    is_doubtful = any(
        recent.has_refused(domain, claimed_at) for domain in {parcel.receiving_domain for parcel in parcels}
    )
    return met.carried(results, time.monotonic() - started, is_doubtful=is_doubtful)


@dataclass
class _Met:
    """What a batch has met so far."""

    answered: int = 0
    put_off: int = 0
    refusal: Cause = Cause.NONE
    too_many: bool = False
    refusing: dict[str, Cause] = field(default_factory=dict)
    lost: int = 0

    def note(self, parcel: Parcel, outcome: Outcome) -> None:
        """Tells a refusal by the relay, by a receiving domain, and an answer about one email apart."""
        if outcome.verdict is Verdict.UNSENT and EFFECTS.get(outcome.cause) is Effect.DOMAIN:
            self.refusing[parcel.receiving_domain] = outcome.cause
            return
        if outcome.verdict is Verdict.UNSENT:
            self.refusal = outcome.cause
        elif outcome.is_closing:
            self.refusal = Cause.CONNECTION
        self.too_many |= outcome.is_too_many
        if outcome.verdict is not Verdict.UNSENT and outcome.was_asked:
            self.answered += 1
            self.put_off += outcome.verdict is Verdict.DEFERRED and outcome.cause is not Cause.MAILBOX_FULL
            self.lost += outcome.cause in (Cause.CONNECTION, Cause.LOST_AFTER_DOT)

    def carried(self, results: Sequence[Result], seconds: float, *, is_doubtful: bool) -> Carried:
        """The batch as a whole."""
        refusal = self.refusal or next(iter(self.refusing.values()), Cause.NONE)
        summary = BatchSummary(self.answered, self.put_off, seconds, refused=bool(refusal))
        return Carried(tuple(results), summary, refusal, self.too_many, self.refusing, self.lost, is_doubtful)


def result_of(row_id: int, attempt: int, tries: int, crash_count: int, outcome: Outcome, timing: Timing) -> Result:
    """What an outcome makes of a row that was tried and has crashed so often before."""
    base = Result(row_id, attempt, LetterState.QUEUED, outcome.cause, outcome.reply)
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return replace(base, state=LetterState.SENT, relay_id=relay_id(outcome.reply))
        case Verdict.REJECTED:
            return replace(base, state=LetterState.REJECTED)
        case Verdict.UNCERTAIN:
            return replace(base, state=LetterState.UNCERTAIN)
        case Verdict.DEFERRED:
            delay = deferred_delay(tries + 1) * timing.retry_scale
            return replace(base, state=LetterState.DEFERRED, due_in_s=delay)
        case Verdict.CRASHED:
            return crashed(row_id, attempt, crash_count, timing)
        case Verdict.UNSENT | Verdict.STOPPED:
            return replace(base, tried=False)


def crashed(row_id: int, attempt: int, crashes_before: int, timing: Timing) -> Result:
    """It took its worker down before the dot: tried again alone, and set aside after three times."""
    last = crashes_before + 1 >= CRASHES_BEFORE_QUARANTINE
    state = LetterState.QUARANTINED if last else LetterState.QUEUED
    wait = _AFTER_CRASH_S * timing.retry_scale
    return Result(row_id, attempt, state, Cause.CRASHED, due_in_s=wait, tried=False, crashed=True)


def _hand_over(session: SmtpSession, journal: Journal, parcel: Parcel, may_send: Callable[[], bool]) -> Outcome:
    journal.hand(parcel.item)
    if not is_deliverable(parcel.recipient):
        # No mail server takes such an address as it stands, and it must not become part of a command.
        refused = "The address holds characters that mail refuses."
        return Outcome(Verdict.REJECTED, Cause.NO_SUCH_ADDRESS, refused, was_asked=False)
    try:
        message = parcel.build()
    except Exception as error:  # noqa: BLE001 - one message that can't be made must not stop the others
        # Without the error's text, which may quote the letter.
        _LOG.error("mail.unbuildable", kind=parcel.kind, id=parcel.id, error=type(error).__name__)
        return Outcome(Verdict.CRASHED, Cause.CRASHED, was_asked=False)

    def ask() -> bool:
        if not may_send():
            return False
        journal.dot(parcel.item)
        return True

    outcome = session.send(parcel.sender, parcel.recipient, message, may_send=ask)
    journal.end(parcel.item, outcome.verdict.value, outcome.cause.value, outcome.reply)
    return outcome


def _tell(recent: RecentAnswers, parcel: Parcel, outcome: Outcome, is_edited: Callable[[Parcel], bool]) -> None:
    """Of letters only: what a domain refuses of emails to supporters says nothing about a filter."""
    is_refusal = outcome.verdict is Verdict.REJECTED and counts(
        outcome.cause, is_edited=outcome.cause is Cause.CONTENT and is_edited(parcel)
    )
    if is_refusal or outcome.verdict is Verdict.ACCEPTED:
        recent.note(parcel.receiving_domain, Answer(parcel.mailbox, is_refusal), outcome.cause, boot_seconds())


def _guard(
    parcel: Parcel, timing: Timing, claimed_at: float, is_stopped: Callable[[Parcel], bool]
) -> Callable[[], bool]:
    """Asked right before the dot: is the lease still long enough, and may it still be sent?"""
    return lambda: boot_seconds() - claimed_at <= timing.last_dot and not is_stopped(parcel)


def _waits(result: Result, met: _Met) -> bool:
    """Does it go back to its queue because of a refusal?"""
    return result.state is LetterState.QUEUED and result.cause in (met.refusal, *met.refusing.values())


def _untouched(parcel: Parcel, cause: Cause) -> Result:
    return Result(parcel.id, parcel.attempt, LetterState.QUEUED, cause, tried=False)
