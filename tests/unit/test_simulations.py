"""The simulated action day's addresses: what their servers do, and that none of them is anybody's."""

import pytest

from shared.domain.simulations import GREYLIST, PLANTED, POLICY, QUICK, SLOW, answer_to, arrival_s, is_simulated, seats


@pytest.mark.parametrize(
    ("address", "first", "again"),
    [
        (f"rep@{QUICK}", "", ""),
        (f"gone-rep@{QUICK}", "550 5.1.1", "550 5.1.1"),
        (f"rep@{POLICY}", "550 5.7.1", "550 5.7.1"),
        (f"rep@{GREYLIST}", "450 4.2.0", ""),
        (f"rep@{SLOW}", "", ""),
    ],
)
def test_an_address_says_what_its_server_does(address: str, first: str, again: str) -> None:
    assert answer_to(address, is_first_try=True).refusal[:9] == first
    assert answer_to(address, is_first_try=False).refusal[:9] == again


def test_slow_and_late_servers_take_the_mail() -> None:
    assert answer_to(f"rep@{SLOW}", is_first_try=True).seconds > 0
    assert answer_to(f"late-rep@{QUICK}", is_first_try=True).bounces_late
    assert not answer_to(f"rep@{QUICK}", is_first_try=True).bounces_late


def test_only_addresses_of_the_simulation_are_played_with() -> None:
    addresses = [seat.email for seat in seats() if seat.email]
    assert all(map(is_simulated, addresses))
    assert len(set(addresses)) == len(addresses)
    for address in ("a@simulation.example", "a@notsimulation.example", "a@mahouse.gov", "a@x.simulation.example.org"):
        assert not is_simulated(address), address


def test_every_problem_is_planted() -> None:
    assert {seat.problem for seat in seats()} == {"", *PLANTED}


def test_supporters_come_in_a_burst_that_decays() -> None:
    times = [arrival_s(n, 1_000, 600.0) for n in range(1_000)]
    assert times == sorted(times)
    assert 0 < times[0] < 1
    assert 590 < times[-1] < 600
    first, last = sum(t < 60 for t in times), sum(t > 540 for t in times)
    assert first > 5 * last > 0
