"""Random changes of an office, what is learned meanwhile, and the undo: everything else is exactly as it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from shared.db import letters as letter_rows
from shared.db.engine import make_engine
from shared.db.tables import follow_up, letter, letter_event, letter_revision, office, office_change, office_holder
from shared.db.upgrade import alembic_config, upgrade
from shared.domain.causes import Cause
from shared.domain.office_changes import ChangeKind
from shared.services.office_addresses import address_failed
from tests.services.came_back import OFFICE as ADDRESS
from tests.services.test_office_changes import OFFICE, Desk, desk, letters

__all__ = ["desk", "letters"]
NOOR, NEW, AIDE, OWN = "noor@x.example", "new@x.example", "aide@x.example", "own@x.example"
SEAT: dict[str, dict[str, Any]] = {
    "held": {"second_email": ""},
    "held, with a second address": {"second_email": AIDE},
    "held, the first address fails": {
        "second_email": AIDE,
        "email_failed_at": datetime(2026, 11, 1, tzinfo=UTC),
        "email_failure": "no_such_address",
        "failed_addresses": {ADDRESS: {"at": "2026-11-01T00:00:00+00:00", "cause": "no_such_address"}},
    },
}
STATES: dict[str, dict[str, Any]] = {
    "queued": {},
    "deferred": {"state": "deferred", "cause": "temporary", "tries": 3, "remote_reply": "451 later"},
    "for a look": {"state": "held", "hold_reason": "abuse_check", "cause": "abuse_check"},
    "attended": {"state": "deferred", "cause": "mailbox_full", "tries": 1, "attended_at": func.now()},
    "sent": {"state": "sent", "sent_at": func.now(), "attempt": 1},
    "bounced": {"state": "bounced", "cause": "refused", "attended_at": func.now()},
    "cancelled": {"state": "cancelled", "cause": "organizer"},
}
CHANGES: dict[str, tuple[ChangeKind, dict[str, str]]] = {
    "another address": (ChangeKind.ADDRESS, {"email": NEW}),
    "a second address": (ChangeKind.ADDRESS, {"second_email": "other@x.example"}),
    "no address": (ChangeKind.ADDRESS, {"email": ""}),
    "vacant": (ChangeKind.VACANT, {}),
    "a successor": (ChangeKind.SEATED, {"name": "Noor Lane", "email": NOOR}),
    "a successor without an address": (ChangeKind.SEATED, {"name": "Noor Lane"}),
}
OF_HELD = {"released": ChangeKind.RELEASED, "withdrawn": ChangeKind.WITHDRAWN}
LEARNED = ("nothing", "a sweep", "it fails", "another fails", "a phone", "a letter left")


@dataclass(frozen=True)
class Story:
    """What happens. `states` are those of the office's two letters; `then` a change of letters held for a vacancy."""

    seat: str
    states: tuple[str, str]
    edited: bool
    change: str
    then: str
    learned: tuple[str, ...]


stories = st.builds(
    Story,
    seat=st.sampled_from(sorted(SEAT)),
    states=st.tuples(st.sampled_from(sorted(STATES)), st.sampled_from(sorted(STATES))),
    edited=st.booleans(),
    change=st.sampled_from(sorted(CHANGES)),
    then=st.sampled_from(["", *sorted(OF_HELD)]),
    learned=st.lists(st.sampled_from(LEARNED), max_size=2).map(tuple),
)


class World:
    """One office and its letters, put back to how they were made before each story."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.engine = desk, desk.engine
        self._made = {table: self._rows(table) for table in (letter, office, office_holder)}

    def begin(self, story: Story) -> None:
        with self.engine.begin() as connection:
            for table in (letter_revision, letter_event, follow_up):
                connection.execute(delete(table))
            connection.execute(delete(office_change))
            for table, rows in self._made.items():
                for number, row in rows.items():
                    connection.execute(update(table).where(table.c.id == number).values(row))
            newcomers = office_holder.c.id.not_in(list(self._made[office_holder]))
            connection.execute(delete(office_holder).where(newcomers))
            of_office = office_holder.c.office_id == OFFICE
            connection.execute(update(office_holder).where(of_office).values(SEAT[story.seat]))
            connection.execute(
                update(office).where(office.c.id == OFFICE).values(general_email=OWN, settle_until=func.now())
            )
            for number, state in zip((1, 3), story.states, strict=True):
                values = {"state_changed_at": func.now() - func.make_interval(0, 0, 0, 0, 1), **STATES[state]}
                connection.execute(update(letter).where(letter.c.id == number).values(values))
            body = "'Pat, you promised.'" if story.edited else "NULL"
            connection.exec_driver_sql(f"UPDATE submission SET edited_body = {body} WHERE id = 1")
        # Everything is where the office is before anything is changed.
        self.desk.sweep()

    def learn(self, what: str) -> None:
        if what == "a sweep":
            self.desk.sweep()
            return
        with self.engine.begin() as connection:
            if what in ("it fails", "another fails"):
                address = {"it fails": ADDRESS, "another fails": NOOR}[what]
                holders = select(office_holder.c.id).where(office_holder.c.office_id == OFFICE)
                first = office_holder.c.id if address == ADDRESS else office_holder.c.id.desc()
                number = connection.scalars(holders.order_by(first)).first()
                row = letter_rows.lock_letter(connection, 1)
                assert row is not None
                sent = {**row, "office_holder_id": number, "recipient_email": address}
                address_failed(connection, sent, Cause.NO_SUCH_ADDRESS)  # type: ignore[arg-type]
            elif what == "a phone":
                held = office_holder.c.office_id == OFFICE
                connection.execute(update(office_holder).where(held).values(phone="(617) 555-0199"))
            elif what == "a letter left":
                left = {
                    "state": "sent",
                    "attempt": 7,
                    "sent_at": func.now(),
                    "state_changed_at": func.clock_timestamp(),
                }
                waits = letter.c.state.in_(("queued", "deferred"))
                connection.execute(update(letter).where(letter.c.id == 1, waits).values(left))

    def snapshot(self) -> dict[str, dict[int, dict[str, Any]]]:
        return {"letters": self._rows(letter), "offices": self._rows(office), "holders": self._rows(office_holder)}

    def _rows(self, table: Any) -> dict[int, dict[str, Any]]:
        with self.engine.connect() as connection:
            return {row["id"]: dict(row) for row in connection.execute(select(table)).mappings()}


@pytest.fixture
def world(desk: Desk) -> World:
    return World(desk)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=stories)
@example(story=Story("held, the first address fails", ("bounced", "queued"), True, "vacant", "released", ()))
def test_an_undo_restores_all_that_was_there_and_forgets_nothing(world: World, story: Story) -> None:
    world.begin(story)
    made = []
    kind, typed = CHANGES[story.change]
    before = world.snapshot()
    made.append(world.desk.change(kind, **typed))
    is_held = any(row["hold_reason"] == "vacant_seat" for row in _of_office(world.snapshot()))
    if story.then and story.change == "vacant" and is_held:
        made.append(world.desk.change(OF_HELD[story.then]))
    for what in story.learned:
        world.learn(what)
    meanwhile = world.snapshot()
    for change in reversed(made):
        world.desk.undo(change)
    world.desk.sweep()
    after = world.snapshot()
    _check_seat(before, meanwhile, after, story)
    _check_letters(before, meanwhile, after, story)


def _of_office(snapshot: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row for row in snapshot["letters"].values() if row["office_id"] == OFFICE]


def _check_seat(
    before: Mapping[str, Any], meanwhile: Mapping[str, Any], after: Mapping[str, Any], story: Story
) -> None:
    for number, row in before["holders"].items():
        now, learned = after["holders"][number], meanwhile["holders"][number]
        expected = dict(row)
        if "a phone" in story.learned and row["office_id"] == OFFICE:
            expected["phone"] = learned["phone"]
        assert now["failed_addresses"].items() >= learned["failed_addresses"].items(), story
        expected["failed_addresses"] = learned["failed_addresses"]
        if "it fails" in story.learned and row["office_id"] == OFFICE:
            assert now["email_failed_at"] is not None
            for name in ("email_failed_at", "email_failure"):
                expected[name] = now[name]
        assert now == expected, story
    for number, row in before["offices"].items():
        ignored = {"settle_until": None}
        assert {**after["offices"][number], **ignored} == {**row, **ignored}, story


def _check_letters(
    before: Mapping[str, Any], meanwhile: Mapping[str, Any], after: Mapping[str, Any], story: Story
) -> None:
    working = [
        address.lower()
        for row in after["holders"].values()
        if row["valid_to"] is None
        for address, failed_at in (
            (row["email"], row["email_failed_at"]),
            (row["second_email"], row["second_failed_at"]),
        )
        if failed_at is None
    ]
    for number, row in before["letters"].items():
        now = after["letters"][number]
        if now["state"] in ("queued", "deferred"):
            assert now["recipient_email"].lower() in working, story
        if now["body"]:
            assert now["recipient_name"] in now["body"].split(",")[0], story
        if meanwhile["letters"][number]["state"] == "sent":
            assert now == meanwhile["letters"][number], story
        elif "it fails" not in story.learned:
            assert now == row, story


def test_an_upgrade_remembers_addresses_that_fail_and_goes_back(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    upgrade(engine)
    holders = [
        {"office_id": 1, "valid_to": date(2026, 1, 1), "name": "Lee", "email": "", "valid_from": date(2025, 1, 1)},
        {"office_id": 1, "valid_to": None, "name": "Pat", "email": "Pat@x.example", "valid_from": date(2026, 1, 1)},
    ]
    with engine.connect() as connection:
        seat = {"jurisdiction": "ma", "chamber": "lower", "district": "1", "ocd_id": "x", "title": "Rep."}
        connection.execute(insert(office).values(**seat))
        connection.execute(insert(office_holder), holders)
        connection.execute(update(office_holder).values(email_failed_at=func.now(), email_failure="no_such_address"))
        command.downgrade(alembic_config(connection), "0025")
        command.upgrade(alembic_config(connection), "head")
        known = select(office_holder.c.failed_addresses, func.to_jsonb(office_holder.c.email_failed_at))
        rows = [tuple(row) for row in connection.execute(known.order_by(office_holder.c.id))]
    engine.dispose()
    assert rows[0][0] == {}
    assert rows[1][0] == {"pat@x.example": {"at": rows[1][1], "cause": "no_such_address"}}
