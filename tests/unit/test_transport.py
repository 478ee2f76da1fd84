import itertools

import pytest

from shared.domain.states import CampaignState
from shared.domain.transport import Transport, choose_route


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
