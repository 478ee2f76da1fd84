"""The lane of letters: due ones of one receiving domain at a time, at the pace that the domain takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil

import structlog
from sqlalchemy import Connection, Engine

from shared.db import domain_answers, mailbox_pace, pace, relay_states
from shared.db.claims import Kind, claim_letters, stale_letters
from shared.db.driver import Row
from shared.db.happenings import note
from shared.db.mailbox_pace import UNLIMITED
from shared.domain.campaigns import Campaign
from shared.domain.happenings import Happening
from shared.domain.pace import REST_S, Pace, batch_size, is_news, next_pace
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.letters import text_to_html
from shared.rendering.mime import Mail, build_mail, html_document
from shared.services.delivery.carry import Carried, Parcel, parcel_of
from shared.services.delivery.readable import readable_campaigns
from shared.services.delivery.record import record
from shared.services.delivery.relays import Relays
from shared.services.delivery.run import Batch, work_off
from shared.services.letter_fit import follow_holders
from shared.services.outbox import relay_headers
from shared.settings import Settings

_LOG = structlog.get_logger()


def deliver_letters(engine: Engine, ring: Ring, settings: Settings, *, first_tries: bool) -> int:
    """Delivers due letters for a task's time, then rings again while more are due; returns how many it claimed.

    First tries and retries are lanes of their own, so that a sick mail server never holds up new letters.
    """
    task = TaskName.DELIVER_LETTERS if first_tries else TaskName.RETRY_LETTERS
    ring.answer(task)
    lane = _Letters(ring, settings, LetterState.QUEUED if first_tries else LetterState.DEFERRED)
    claimed, more = work_off(engine, settings, lane, ring.rush.make_way)
    # Follow-ups wait until no letter is due.
    ring.ring(task if more else TaskName.SEND_MAIL)
    lane.relays.ring_for_others(task, claimed)
    return claimed


def letter_bytes(row: Row, sender_name: str, sender_address: str, extra: tuple[tuple[str, str], ...] = ()) -> bytes:
    """The email of a letter: a pure function of its row, so that every attempt sends the same bytes.

    `extra` headers are what a relay service needs.
    """
    return build_mail(
        Mail(
            from_name=f"{row['from_name']} via {sender_name}",
            from_address=sender_address,
            to_name=f"{row['recipient_title']} {row['recipient_name']}",
            to_address=row["recipient_email"],
            subject=row["subject"],
            text=row["body"],
            html=html_document(text_to_html(row["body"])),
            message_id=row["message_id"],
            date=row["created_at"],
            reply_to_name=row["from_name"],
            reply_to=row["reply_to"],
            extra=extra,
        )
    )


class _Letters:
    """Claims letters by domain and teaches the domain's pace what a batch met."""

    def __init__(self, ring: Ring, settings: Settings, state: LetterState) -> None:
        self._ring, self._settings, self._state = ring, settings, state
        self._timing = settings.timing
        self.relays = Relays(ring, settings)
        self._mail_is_due = False

    def claim(self, connection: Connection, worker: str) -> Batch | None:
        """Due letters of the domain that was served least recently, by a mail server that admits this worker."""
        admitting = self.relays.admitting(connection, worker)
        if not admitting:
            return None
        domain = pace.find_domain(connection, list(admitting), self._state, dead_after_s=self._timing.dead_after)
        if domain is None:
            return None
        relay = self.relays.lock_rate(connection, admitting[domain.transport], worker)
        limit = relay.most_emails(batch_size(domain.pace, batch_seconds=self._timing.batch))
        claimed = claim_letters(
            connection,
            domain,
            self._state,
            worker=worker,
            lease_s=self._timing.lease,
            limit=limit,
            per_mailbox=self._per_mailbox(domain.transport),
        )
        rows = claimed or ()
        stale = () if rows else stale_letters(connection, domain, self._state, limit)
        pace.take_tokens(connection, domain, len(rows))
        relay_states.take_tokens(connection, relay, len(rows))
        if claimed is not None and not rows and not stale:
            return None
        more_hands = len(rows) == limit and domain.busy + 1 < domain.pace.usable_connections and relay.has_more
        return Batch(
            domain.transport,
            self._parcels(connection, rows),
            more_hands,
            domain.receiving_domain,
            domain.pace,
            relay.epoch,
            relay.is_probe,
            relay.connections.ahead,
            worker,
            stale,
        )

    def _per_mailbox(self, transport: Transport) -> int | None:
        """The test inbox has no limit, and what it gets does not count."""
        return None if transport is Transport.MAILBOX else ceil(self._settings.mailbox_per_hour) or UNLIMITED

    def correct(self, engine: Engine, batch: Batch) -> None:
        """Brings letters that were due for a former holder to the new one, or holds them."""
        if batch.stale:
            with engine.begin() as connection:
                follow_holders(connection, batch.stale)

    def record(self, connection: Connection, batch: Batch, carried: Carried) -> None:
        """Outcomes, follow-ups, the domain's pace, and the state of the mail server."""
        # A batch that was claimed before the first refusal may be recorded after it.
        is_watched = carried.is_doubtful or (batch.pace is not None and batch.pace.is_watched)
        self._mail_is_due = record(connection, Kind.LETTER, carried.results, worker=batch.worker, is_watched=is_watched)
        if self._is_news(batch, carried):
            known = pace.lock_pace(connection, batch.transport, batch.receiving_domain)
            if known is not None:
                self._teach(connection, batch, carried, known)
        untried = carried.untried(batch.parcels)
        if untried:
            pace.give_back(connection, batch.transport, batch.receiving_domain, len(untried))
        self.relays.settle(connection, batch, carried)
        # Last, as in a claim.
        if untried and self._per_mailbox(batch.transport):
            mailbox_pace.give_back(connection, [parcel.mailbox for parcel in untried])

    def _teach(self, connection: Connection, batch: Batch, carried: Carried, known: Pace) -> None:
        """A failure of the relay says nothing about the domain."""
        is_ours = carried.refusal in REST_S
        learned = next_pace(known, replace(carried.summary, refused=is_ours))
        pace.write_pace(connection, batch.transport, batch.receiving_domain, learned)
        if is_ours:
            pace.stop_domain(
                connection,
                batch.transport,
                batch.receiving_domain,
                break_s=REST_S[carried.refusal],
                cause=carried.refusal,
            )
            numbers = sorted({parcel.campaign_id for parcel in batch.parcels})
            note(connection, Happening.LEFT_ALONE, campaign_ids=numbers, about=batch.receiving_domain)
            _LOG.error(
                "delivery.stopped",
                domain=batch.receiving_domain,
                cause=carried.refusal.value,
                for_s=REST_S[carried.refusal],
            )

    def _is_news(self, batch: Batch, carried: Carried) -> bool:
        """Claims wait for the domain's row, so that it is locked only when there is something to write."""
        if carried.refusal or (batch.is_probe and carried.lost) or batch.pace is None:
            return True
        return is_news(batch.pace, next_pace(batch.pace, carried.summary))

    def recorded(self) -> None:
        """Thank-yous may be due."""
        self.relays.recorded()
        if self._mail_is_due:
            self._ring.ring(TaskName.SEND_MAIL)

    def is_unwanted(self, engine: Engine, parcel: Parcel) -> bool:
        """Offices are written to by people; nobody unsubscribes them."""
        return False

    def is_edited(self, engine: Engine, parcel: Parcel) -> bool:
        """As the database judges refusals."""
        with engine.connect() as connection:
            return bool(domain_answers.edited_letters(connection, [parcel.id]))

    def _parcels(self, connection: Connection, rows: Sequence[Row]) -> tuple[Parcel, ...]:
        known = readable_campaigns(connection, {row["campaign_id"] for row in rows})
        return tuple(parcel_of(Kind.LETTER, row, self._settings, partial(self._build, row, known)) for row in rows)

    def _build(self, row: Row, known: Mapping[int, Campaign]) -> bytes:
        """Raises for a letter whose campaign can't be read, which sets this one aside."""
        campaign = known[row["campaign_id"]]
        # The same for all letters of a campaign, so that an office can allow it.
        address = f"{campaign.slug}@{self._settings.mail_domain}"
        headers = relay_headers(self._settings, row, Kind.LETTER.value)
        return letter_bytes(row, campaign.sender_name, address, headers)
