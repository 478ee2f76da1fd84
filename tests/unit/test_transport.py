import itertools

import pytest

from shared.domain.states import CampaignState
from shared.domain.transport import Transport, choose_route, speaks_of_a_test


@pytest.mark.parametrize(
    ("state", "relay", "is_practice"), list(itertools.product(CampaignState, (None, Transport.RELAY), (True, False)))
)
def test_only_live_with_relay_and_real_offices_leaves_the_machine(
    state: CampaignState, relay: Transport | None, is_practice: bool
) -> None:
    route = choose_route(state, relay, is_practice=is_practice)
    leaves = state in (CampaignState.LIVE, CampaignState.PAUSED) and relay is not None and not is_practice
    assert (route.transport is Transport.RELAY) == leaves
    assert route.is_test != leaves


@pytest.mark.parametrize("state", [CampaignState.CLOSED, CampaignState.WON])
def test_an_ended_campaign_is_no_test_where_it_was_none(state: CampaignState) -> None:
    assert not speaks_of_a_test(state, Transport.DIRECT, is_practice=False)
    assert speaks_of_a_test(state, None, is_practice=False)
    assert speaks_of_a_test(state, Transport.DIRECT, is_practice=True)
