"""Many at once: one Send makes one set of letters, and a letter leaves once however many workers claim."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from shared.db.engine import make_engine
from shared.db.figures import count_imbalance
from shared.db.tables import follow_up, letter, submission
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters, send_mail
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter
from tests.smtp_server import ScriptedSmtpServer

WORKERS = 6
SUPPORTERS = 40


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


@pytest.fixture
def pool(settings: Settings, engine: Engine) -> Engine:  # type: ignore[misc]
    """An engine with a connection for every worker."""
    make_campaign(engine)
    wide = make_engine(settings.database_url, pool_size=WORKERS)
    yield wide  # type: ignore[misc]
    wide.dispose()


def at_once(work: object, count: int) -> None:
    with ThreadPoolExecutor(count) as workers:
        for done in [workers.submit(work) for _ in range(count)]:  # type: ignore[arg-type]
            done.result(timeout=60)


def test_fifty_presses_of_send_make_one_set_of_letters(pool: Engine, settings: Settings, ring: Ring) -> None:
    token = begin_submission(pool, ring, settings, "co-ops", make_supporter())
    with ThreadPoolExecutor(WORKERS) as workers:
        presses = [
            workers.submit(accept_submission, pool, ring, settings, token, own_words=f"press {number}")
            for number in range(50)
        ]
        makers = [workers.submit(prepare_submissions, pool, ring, settings) for _ in range(WORKERS)]
        for done in [*presses, *makers]:
            done.result(timeout=60)
    prepare_submissions(pool, ring, settings)
    with pool.connect() as connection:
        assert connection.execute(select(func.count()).select_from(letter)).scalar_one() == 2
        assert connection.execute(select(submission.c.expected_letters)).scalar_one() == 2
        assert connection.execute(select(func.count()).where(follow_up.c.kind == "received")).scalar_one() == 1


def test_many_workers_send_every_letter_once(pool: Engine, settings: Settings, ring: Ring) -> None:
    with ScriptedSmtpServer() as mailbox:
        here = replace(settings, mailbox_url=mailbox.url)
        for number in range(SUPPORTERS):
            token = begin_submission(pool, ring, here, "co-ops", make_supporter(f"supporter{number}@example.org"))
            accept_submission(pool, ring, here, token, own_words="")

        def work() -> None:
            prepare_submissions(pool, ring, here)
            deliver_letters(pool, ring, here, first_tries=True)
            send_mail(pool, ring, here)
            sweep(pool, ring, settings)

        for _ in range(2):
            at_once(work, WORKERS)
    sent = Counter(message.split(b"Message-ID: ")[1].split(b"\r\n")[0] for _, _, message in mailbox.accepted)
    assert set(sent.values()) == {1}
    with pool.connect() as connection:
        states = Counter(connection.scalars(select(letter.c.state)))
        mails = Counter(connection.scalars(select(follow_up.c.kind).where(follow_up.c.state == "sent")))
        assert count_imbalance(connection) == 0
    assert states == {"sent": 2 * SUPPORTERS}
    assert mails == {"thank_you": SUPPORTERS}
    assert len(mailbox.accepted) == 3 * SUPPORTERS
