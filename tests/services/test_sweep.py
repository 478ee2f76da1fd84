"""The sweep rings for what a claim would find, and for nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, update

from shared.db.tables import follow_up, letter
from shared.domain.states import CampaignState
from shared.domain.transport import Transport
from shared.queue.names import TaskName
from shared.services.campaigns import change_campaign_state
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import make_draft, make_ring, write_letters

Rung = Callable[..., list[TaskName]]


@pytest.fixture
def rung(engine: Engine, settings: Settings) -> Rung:
    """What a sweep rings for, with two new letters, and their copies to the supporter, due."""
    ring = make_ring(settings)
    make_draft(engine)
    write_letters(engine, ring, settings)
    with engine.begin() as connection:
        connection.execute(update(follow_up).values(due_at=func.now()))
    return lambda **changes: sweep(engine, ring, replace(settings, **changes))


def test_due_letters_are_rung_for_in_their_lane(rung: Rung, engine: Engine) -> None:
    assert rung() == [TaskName.DELIVER_LETTERS, TaskName.SEND_MAIL]
    with engine.begin() as connection:
        connection.execute(update(letter).values(state="deferred"))
    assert rung() == [TaskName.RETRY_LETTERS, TaskName.SEND_MAIL]


@pytest.mark.parametrize("tries", [0, 1])
def test_a_paused_campaign_s_letters_ring_no_bell(rung: Rung, engine: Engine, tries: int) -> None:
    with engine.begin() as connection:
        connection.execute(update(letter).values(tries=tries))
    for state in (CampaignState.LIVE, CampaignState.PAUSED):
        change_campaign_state(engine, "co-ops", state, actor="test")
    assert rung() == [TaskName.SEND_MAIL]
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    assert len(rung()) == 2


@pytest.mark.parametrize("tries", [0, 1])
def test_mail_for_a_relay_that_is_gone_rings_no_bell(rung: Rung, engine: Engine, tries: int) -> None:
    with engine.begin() as connection:
        connection.execute(update(letter).values(tries=tries, transport=Transport.RELAY.value))
        connection.execute(update(follow_up).values(transport=Transport.RELAY.value))
    assert rung() == []
    assert len(rung(mail_relay_url="smtp://127.0.0.1:2525")) == 2
