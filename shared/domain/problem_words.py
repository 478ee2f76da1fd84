"""The words and the moves of each problem with letters, from what is known of its offices today."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.attention import Group, Move, Way, noun
from shared.domain.bulk import SENDING, BulkAction
from shared.domain.letter_filter import LetterFilter
from shared.domain.problems import SCOPES, Problem, Scope


@dataclass(frozen=True)
class Trouble:
    """A problem with `count` letters at one office, one mail domain, or everywhere.

    `office` is its name in words, `address` where its letters go today, empty when nowhere; `has_second` when all
    offices concerned have a second address that works; `is_vacant` when nobody holds any of their seats; `can_send`
    when one of them at least has an address that works; `said` is what the mail server said. `lost` tells which workers
    stopped answering, and when.
    """

    problem: Problem
    count: int
    office_id: int = 0
    office: str = ""
    domain: str = ""
    address: str = ""
    has_second: bool = False
    is_vacant: bool = False
    can_send: bool = True
    said: str = ""
    lost: str = ""

    @property
    def letters(self) -> str:
        """`31 letters`."""
        return noun(self.count)

    @property
    def wanted(self) -> LetterFilter:
        """Which letters these are."""
        scope = SCOPES[self.problem]
        return LetterFilter(
            needs=True,
            problem=self.problem,
            office=self.office_id if scope is Scope.OFFICE else None,
            domain=self.domain if scope is Scope.DOMAIN else "",
        )


Words = tuple[str, str, tuple[Move, ...]]


def group_of(trouble: Trouble) -> Group:
    """The trouble as organizers read it."""
    title, words, moves = _possible(trouble, *_WORDS[trouble.problem](trouble))
    return Group(
        key=f"{trouble.problem}-{trouble.office_id or trouble.domain or 'all'}",
        title=title,
        text=words,
        count=trouble.count,
        moves=moves,
        wanted=trouble.wanted,
        quote=trouble.said,
        resolve=None if _SETTLE in moves else _SETTLE,
        icon=_ICONS.get(trouble.problem, "warn"),
    )


def _possible(trouble: Trouble, title: str, words: str, moves: tuple[Move, ...]) -> Words:
    """Without the moves that would find no letter that can be sent."""
    kept = tuple(move for move in moves if trouble.can_send or move.action not in SENDING)
    if len(kept) == len(moves):
        return title, words, moves
    words = f"{words} No address works for {'their office' if trouble.office else 'their offices'} now."
    if not trouble.office:
        return title, words, kept or (_SEE,)
    mend = _office(trouble) if trouble.is_vacant else _correct(trouble)
    return title, words, (mend, *kept)


def _all(trouble: Trouble, verb: str, how: str = "") -> str:
    them = "it" if trouble.count == 1 else f"all {trouble.count:,}"
    return f"{verb} {them} {how}".rstrip()


def _retry(trouble: Trouble, verb: str = "Retry", how: str = "") -> Move:
    return Move(_all(trouble, verb, how), action=BulkAction.RETRY)


def _cancel(trouble: Trouble) -> Move:
    return Move(_all(trouble, "Withdraw"), action=BulkAction.CANCEL)


def _office(trouble: Trouble) -> Move:
    return Move("See the office", Way.OFFICE, office=trouble.office_id)


def _correct(trouble: Trouble) -> Move:
    return Move("Correct the address", Way.ADDRESS, office=trouble.office_id)


_SETTLE = Move("Mark as dealt with", action=BulkAction.SETTLE)
_SECOND = Move("Use second address", action=BulkAction.SECOND)
_SEE = Move("See them", Way.LETTERS)
_DELIVERY = Move("See delivery", Way.DELIVERY)
_NEXT = "Letters leave by themselves once somebody holds it: by your word on the office’s page, or by an import."


def _address(t: Trouble) -> Words:
    title = f"{t.letters} to {t.office}: the address does not exist"
    if t.address:
        words = f"Letters to this office go to {t.address} now. Those that came back can be sent there."
        return title, words, (_retry(t, "Send", "again"), _SETTLE)
    if t.is_vacant:
        return title, f"This seat is vacant. {_NEXT}", (_office(t), _SETTLE)
    words = "The address on file may be out of date. Letters wait here until it is corrected; none is lost."
    return title, words, (_correct(t), _SEE)


def _mailbox_full(t: Trouble) -> Words:
    title = f"{t.letters} to {t.office} came back: the mailbox is full"
    if t.has_second:
        return title, "The office has a second address on file. No letter is lost.", (_SECOND, _retry(t))
    return title, "We try again once a day. A call to the office may help. No letter is lost.", (_retry(t), _SEE)


def _refused(t: Trouble) -> Words:
    title = f"{t.letters} refused by {t.domain}"
    words = "Its mail server does not want them. A retry helps once its administrators let us in: call them first."
    if t.has_second:
        return title, f"{words} There is a second address on file.", (_SECOND, _retry(t))
    return title, f"{words} Letters on paper arrive too.", (_SETTLE, _retry(t))


def _content(t: Trouble) -> Words:
    title = f"{t.letters} refused by {t.domain}: its server does not accept the text"
    words = (
        "Read what the server said: it may name a word, a link or a policy. Change the campaign’s letter, or ask the"
        " legislature’s IT office to allow it. A retry sends the same text again."
    )
    return title, words, (_SETTLE, _retry(t))


def _too_large(t: Trouble) -> Words:
    title = f"{t.letters} refused by {t.domain}: too large"
    return title, "Make the campaign’s letter shorter. A retry sends the same text again.", (_SETTLE, _retry(t))


def _gave_up(t: Trouble) -> Words:
    title = f"{t.letters} to {t.domain} came back: its server could not be reached for days"
    return title, "Check the offices’ addresses. If they are right, its server may work again.", (_retry(t), _SETTLE)


def _our_dns(t: Trouble) -> Words:
    title = f"{t.letters} came back: our sender domain is not trusted"
    words = "SPF, DKIM and DMARC of the sender domain have to be right. Correct them, then retry."
    return title, words, (_retry(t), _DELIVERY)


def _uncertain(t: Trouble) -> Words:
    title = f"{t.letters} may have arrived, or not"
    words = (
        "The connection was lost after the whole letter had gone out. Most settle by themselves within three days."
        " Sent again, an office may get a second copy."
    )
    return title, words, (_retry(t, "Send", "again"), _SETTLE)


def _lost_worker(t: Trouble) -> Words:
    title = f"{t.lost or 'A worker stopped answering'}; {t.letters} may have left"
    words = (
        "If the worker comes back with its journal, it settles them. Otherwise a bounce or a receipt settles most of"
        " them within three days. If you send them again, an office may get a second copy."
    )
    return title, words, (_SETTLE, _retry(t, "Send", "again"))


def _unconfirmed(t: Trouble) -> Words:
    title = f"{t.letters} never confirmed"
    words = "Nothing came back in three days: they probably arrived. Sent again, an office may get a second copy."
    return title, words, (_SETTLE, _retry(t, "Send", "again"))


def _expired(t: Trouble) -> Words:
    title = f"{t.letters} not sent before the last day"
    return title, "Sent now, they arrive late.", (_SETTLE, _retry(t, "Send", "late"))


def _quarantined(t: Trouble) -> Words:
    title = f"{t.letters} set aside: sending broke down three times"
    return title, "Tell the person who runs the server: dearrep doctor. Then retry.", (_retry(t), _SETTLE)


def _vacant(t: Trouble) -> Words:
    if t.address:
        title = f"{t.letters} can leave: {t.office} holds the seat now"
        return (
            title,
            "They are written anew for the new office holder.",
            (
                Move(_all(t, "Release"), action=BulkAction.RELEASE),
                _cancel(t),
            ),
        )
    title = f"{t.letters} to a vacant seat: {t.office}"
    return title, f"{_NEXT} Withdraw them if it would be too late.", (_office(t), _cancel(t))


def _no_email(t: Trouble) -> Words:
    if t.address:
        title = f"{t.letters} can leave: {t.office} has an email address now"
        return title, f"They go to {t.address}.", (Move(_all(t, "Release"), action=BulkAction.RELEASE), _cancel(t))
    title = f"{t.letters} to {t.office}: no email address on file"
    if t.is_vacant:
        return title, f"Nobody holds this seat now. {_NEXT}", (_office(t), _cancel(t))
    return (
        title,
        "They leave when there is one.",
        (
            Move("Add an address", Way.ADDRESS, office=t.office_id),
            _cancel(t),
        ),
    )


def _quick(t: Trouble) -> Words:
    title = f"{t.letters} sent within seconds of opening the page"
    if not t.can_send:
        words = "Programs are that quick, and few people are. Their offices can't be written to now."
        return title, words, (Move("Read them", Way.LETTERS), _cancel(t))
    words = "Programs are that quick, and few people are. Read some, cancel what is not from people, release the rest."
    return title, words, (Move(_all(t, "Release"), action=BulkAction.RELEASE), Move("Read them", Way.LETTERS))


def _threat(t: Trouble) -> Words:
    title = f"{t.letters} may read as a threat"
    words = "Read each one, release what is fair, and cancel the rest. The editor has the phrases, under “Letter”."
    last = Move(_all(t, "Release"), action=BulkAction.RELEASE) if t.can_send else _cancel(t)
    return title, words, (Move("Read them", Way.LETTERS), last)


def _restored(t: Trouble) -> Words:
    title = f"{t.letters} may have been sent before a backup was restored"
    words = "Check the mail relay’s log, or ask the office. Withdraw the letters that arrived and release the others."
    return title, words, (_cancel(t), Move(_all(t, "Release"), action=BulkAction.RELEASE))


def _new_holder(t: Trouble) -> Words:
    title = f"{t.letters} wait for an answer from their writers: {t.office} holds the seat now"
    words = (
        "Their writers edited them, or read a version for chosen offices, while someone else held the seat. We asked"
        " each by email. If you release them, they go to the new holder, with the new name in the greeting."
    )
    return title, words, (Move(_all(t, "Release"), action=BulkAction.RELEASE), _cancel(t))


def _held(t: Trouble) -> Words:
    if not t.can_send:
        words = "Nobody has decided yet. Their offices can't be written to now."
        return f"{t.letters} held", words, (_SEE, _cancel(t))
    return (
        f"{t.letters} held",
        "Nobody has decided yet.",
        (
            Move(_all(t, "Release"), action=BulkAction.RELEASE),
            _cancel(t),
        ),
    )


_WORDS: dict[Problem, Callable[[Trouble], Words]] = {
    Problem.ADDRESS: _address,
    Problem.MAILBOX_FULL: _mailbox_full,
    Problem.REFUSED: _refused,
    Problem.CONTENT: _content,
    Problem.TOO_LARGE: _too_large,
    Problem.GAVE_UP: _gave_up,
    Problem.OUR_DNS: _our_dns,
    Problem.UNCERTAIN: _uncertain,
    Problem.LOST_WORKER: _lost_worker,
    Problem.UNCONFIRMED: _unconfirmed,
    Problem.EXPIRED: _expired,
    Problem.QUARANTINED: _quarantined,
    Problem.VACANT_SEAT: _vacant,
    Problem.NO_EMAIL: _no_email,
    Problem.SENT_QUICKLY: _quick,
    Problem.THREAT: _threat,
    Problem.RESTORED: _restored,
    Problem.NEW_HOLDER: _new_holder,
    Problem.HELD: _held,
}
_ICONS: dict[Problem, str] = {
    Problem.ADDRESS: "mail",
    Problem.NO_EMAIL: "mail",
    Problem.MAILBOX_FULL: "bounce",
    Problem.REFUSED: "x",
    Problem.CONTENT: "x",
    Problem.TOO_LARGE: "x",
    Problem.VACANT_SEAT: "pause",
    Problem.SENT_QUICKLY: "pause",
    Problem.THREAT: "pause",
    Problem.RESTORED: "pause",
    Problem.NEW_HOLDER: "pause",
    Problem.HELD: "pause",
    Problem.EXPIRED: "clock",
    Problem.QUARANTINED: "lock",
}
