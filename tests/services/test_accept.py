"""Send writes only what it read: whatever moves meanwhile is read again, and nothing is accepted twice."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from shared.db import acceptance
from shared.db.acceptance import Press
from shared.domain.states import CampaignState
from shared.errors import InputError, NotAllowed
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.campaigns import campaign_page, change_campaign_state
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_draft, make_supporter


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


@pytest.fixture
def token(engine: Engine, settings: Settings, ring: Ring) -> str:
    make_draft(engine)
    return begin_submission(engine, ring, settings, "co-ops", make_supporter())


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], list[int]]:
    """Lets something happen once between reading and writing; counts the writes."""

    def install(happens: Callable[[], object]) -> list[int]:
        writes: list[int] = []
        accept = acceptance.accept_as_read

        def slowly(*arguments: object) -> bool:
            writes.append(1)
            if len(writes) == 1:
                happens()
            return accept(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(acceptance, "accept_as_read", slowly)
        return writes

    return install


def stored(engine: Engine, token: str) -> dict[str, object]:
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM submission WHERE token = :token"), {"token": token})
        return dict(row.mappings().one())


def test_a_lookup_that_ends_meanwhile_is_seen(
    engine: Engine, settings: Settings, ring: Ring, token: str, between: Callable[[Callable[[], object]], list[int]]
) -> None:
    writes = between(lambda: prepare_submissions(engine, ring, settings))
    accept_submission(engine, ring, settings, token, own_words="Please.")
    assert len(writes) == 2
    assert stored(engine, token)["accepted_at"] is not None
    prepare_submissions(engine, ring, settings)
    assert stored(engine, token)["expected_letters"] == 2


def test_a_campaign_that_closes_meanwhile_takes_nothing(
    engine: Engine, settings: Settings, ring: Ring, token: str, between: Callable[[Callable[[], object]], list[int]]
) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    between(lambda: change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test"))
    with pytest.raises(NotAllowed, match="has ended"):
        accept_submission(engine, ring, settings, token, own_words="")
    assert stored(engine, token)["accepted_at"] is None


def test_the_first_of_two_presses_counts(
    engine: Engine, settings: Settings, ring: Ring, token: str, between: Callable[[Callable[[], object]], list[int]]
) -> None:
    between(lambda: accept_submission(engine, ring, settings, token, own_words="first"))
    accept_submission(engine, ring, settings, token, own_words="second")
    assert stored(engine, token)["own_words"] == "first"


def test_what_was_saved_before_is_kept(engine: Engine, settings: Settings, ring: Ring, token: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET own_words = 'mine', edited_subject = 'S', edited_body = 'B'"))
    accept_submission(engine, ring, settings, token, own_words=None, keep_edit=True)
    row = stored(engine, token)
    assert (row["own_words"], row["edited_subject"], row["edited_body"]) == ("mine", "S", "B")


def test_a_draft_begins_although_the_campaign_is_remembered_as_it_was(
    engine: Engine, settings: Settings, ring: Ring, token: str
) -> None:
    make_draft(engine, CAMPAIGN.replace("Keep our shops local", "Another title"))
    again = begin_submission(engine, ring, settings, "co-ops", make_supporter("other@example.org"))
    assert stored(engine, again)["state"] == "draft"
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    with pytest.raises(NotAllowed, match="has ended"):
        begin_submission(engine, ring, settings, "co-ops", make_supporter("third@example.org"))


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many presses each statement for a crowd held."""
    sizes: list[int] = []
    accept = acceptance.accept_as_usual

    def counted(connection: object, terms: object, presses: list[object], **values: bool) -> frozenset[str]:
        sizes.append(len(presses))
        return accept(connection, terms, presses, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(acceptance, "accept_as_usual", counted)
    return sizes


def press(engine: Engine, ring: Ring, settings: Settings, token: str, words: str = "Please.", **form: object) -> None:
    accept_submission(engine, ring, settings, token, own_words=words, slug="co-ops", **form)  # type: ignore[arg-type]


def test_a_crowd_is_accepted_together_each_with_their_own_words(
    engine: Engine, settings: Settings, ring: Ring, token: str, usual: list[int]
) -> None:
    people = [make_supporter(f"person-{number}@example.org") for number in range(12)]
    tokens = [begin_submission(engine, ring, settings, "co-ops", one) for one in people]
    begun = threading.Barrier(len(tokens))

    def send(number: int) -> None:
        begun.wait()
        press(engine, ring, settings, tokens[number], f"Words {number}.", consents=("Dear Neighbors",))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(tokens))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stored(engine, one)["own_words"] for one in tokens] == [f"Words {n}." for n in range(len(tokens))]
    assert sum(usual) == len(tokens)
    assert len(usual) < len(tokens)
    assert stored(engine, token)["accepted_at"] is None
    with engine.connect() as connection:
        mails = connection.execute(text("SELECT count(*), count(DISTINCT submission_id) FROM follow_up")).one()
    assert mails[0] == mails[1] == len(tokens)


def test_one_that_the_database_refuses_harms_nobody_else(
    engine: Engine, settings: Settings, ring: Ring, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = acceptance.accept_as_usual

    def with_a_bad_one(connection: object, terms: object, presses: list[Press], **values: bool) -> frozenset[str]:
        bad = replace(presses[0], token="no such text \ud800")
        return accept(connection, terms, [*presses, bad], **values)  # type: ignore[arg-type]

    monkeypatch.setattr(acceptance, "accept_as_usual", with_a_bad_one)
    press(engine, ring, settings, token)
    assert stored(engine, token)["own_words"] == "Please."


def test_what_is_not_as_usual_is_looked_at(
    engine: Engine, settings: Settings, ring: Ring, token: str, usual: list[int]
) -> None:
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        first, second = connection.scalars(text("SELECT office_id FROM submission_target ORDER BY office_id")).all()
    with pytest.raises(InputError):
        press(engine, ring, settings, token, chosen=frozenset())
    press(engine, ring, settings, token, chosen=frozenset({first}))
    with engine.connect() as connection:
        chosen = connection.execute(text("SELECT office_id, is_chosen FROM submission_target ORDER BY office_id")).all()
    assert [tuple(row) for row in chosen] == [(first, True), (second, False)]
    press(engine, ring, settings, token, "Too late.")
    assert stored(engine, token)["own_words"] == "Please."
    assert usual == [1, 1]


def test_practice_offices_never_take_the_way_of_real_ones(
    engine: Engine, settings: Settings, ring: Ring, token: str, usual: list[int]
) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    campaign_page(engine, settings, "co-ops")
    real = replace(settings, mail_relay_url="smtp://relay.example:25")
    press(engine, ring, real, token)
    assert usual == [1]
    row = stored(engine, token)
    assert (row["is_test"], row["transport"]) == (True, "mailbox")
