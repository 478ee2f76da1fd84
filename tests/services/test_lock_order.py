"""Whoever locks several rows does it in one order, and lets others refer to them: nobody waits for each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from shared.db import campaigns, mailbox_pace
from shared.db.acceptance import Press
from shared.domain.follow_ups import Trigger
from shared.domain.supporter_input import checked_words
from shared.queue.ring import Ring
from shared.services import accept
from shared.services.erasure import erase_person
from shared.services.follow_up_plan import plan_for_letters
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter, write_letters
from tests.waiting import wait_until


@pytest.fixture
def campaign(engine: Engine) -> None:
    make_campaign(engine)


@pytest.fixture
def wait_for_waiting(engine: Engine) -> Callable[[], None]:
    """Returns as soon as somebody waits for a lock."""

    def is_waiting() -> bool:
        # By a transaction of its own: within one the answer stays what it was.
        with engine.connect() as connection:
            waiting = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
            return bool(connection.scalar(text(waiting)))

    return lambda: wait_until(is_waiting, 10, "somebody who waits for a lock")


@pytest.mark.usefixtures("campaign")
def test_who_erases_lets_who_records_a_letter_go_on(
    engine: Engine, settings: Settings, ring: Ring, wait_for_waiting: Callable[[], None]
) -> None:
    """Who records holds the letter and adds an email; who erases holds the submission and wants the letter."""
    write_letters(engine, ring, settings)
    with ThreadPoolExecutor(1) as pool, engine.begin() as recording:
        letter = recording.execute(text("SELECT * FROM letter ORDER BY id LIMIT 1 FOR NO KEY UPDATE")).mappings().one()
        erasing = pool.submit(erase_person, engine, settings, "jamie@example.org")
        wait_for_waiting()
        plan_for_letters(recording, [letter], Trigger.FIRST_SENT)
        recording.commit()
        assert erasing.result(10) == 1


@pytest.mark.usefixtures("campaign")
def test_a_crowd_that_sends_takes_its_rows_as_who_records_lookups_does(
    engine: Engine, settings: Settings, ring: Ring, wait_for_waiting: Callable[[], None]
) -> None:
    people = [make_supporter(f"person-{number}@example.org") for number in range(2)]
    tokens = [begin_submission(engine, ring, settings, "co-ops", one) for one in people]
    with engine.connect() as connection:
        stored = campaigns.read_campaign(connection, 1)

    def wish(token: str) -> accept._Wish:
        press = Press(
            token=token, **checked_words("Please.", None, None), keep_edit=True, chosen=None, language="", consents={}
        )
        return accept._Wish(press, (), stored, None)

    # The later one first, as it comes.
    wishes = [wish(token) for token in reversed(tokens)]
    locks = text("SELECT id FROM submission WHERE token = :token FOR NO KEY UPDATE NOWAIT")
    with ThreadPoolExecutor(1) as pool, engine.begin() as recording:
        recording.execute(locks, {"token": tokens[0]})
        sending = pool.submit(accept._accept_crowd, engine, wishes)
        wait_for_waiting()
        recording.execute(locks, {"token": tokens[1]})
        recording.commit()
        assert sending.result(10) == [True, True]


def test_who_gives_letters_of_mailboxes_back_locks_them_as_claims_do(
    engine: Engine, wait_for_waiting: Callable[[], None]
) -> None:
    names = [f"{letter}@house.example" for letter in "hgfedcba"]
    with engine.begin() as connection:
        values = [{"mailbox": name} for name in names]
        connection.execute(text("INSERT INTO mailbox_pace (mailbox, taken) VALUES (:mailbox, 2)"), values)
    lock = text("SELECT 1 FROM mailbox_pace WHERE mailbox = ANY(:mailboxes) FOR NO KEY UPDATE NOWAIT")

    def give_back() -> None:
        with engine.begin() as connection:
            mailbox_pace.give_back(connection, names)

    with ThreadPoolExecutor(1) as pool, engine.begin() as claiming:
        claiming.execute(lock, {"mailboxes": ["a@house.example"]})
        giving = pool.submit(give_back)
        wait_for_waiting()
        claiming.execute(lock, {"mailboxes": names})
        claiming.commit()
        giving.result(10)
    with engine.connect() as connection:
        assert set(connection.scalars(text("SELECT taken FROM mailbox_pace"))) == {1}
