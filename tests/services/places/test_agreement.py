"""Two outside services that contradict each other, or our shapes, make a question and never a letter."""

import pytest

from shared.domain.addresses import ReadAddress, read_address
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus, MatchType, Office
from shared.domain.us_states import STATES
from shared.errors import Permanent, ProviderError, Retryable, Throttled
from shared.providers.geocoders import Place
from shared.services.lookup.agreement import DISAGREE, heed_names
from shared.services.lookup.directory import Directory
from shared.services.lookup.district_index import DistrictIndex
from shared.services.lookup.remote import RETRY_S, RemoteAnswer, ask_geocoders

MA = STATES["MA"]
ADDRESS = HomeAddress("12 Maple St", "Stow", "MA", "01775")
WEST, EAST = -71.55, -71.45


def place(lon: float = WEST, **other: object) -> Place:
    values: dict[str, object] = {"number": "12", "street": "Maple Street", "city": "Stow", "state": "MA"}
    values |= {"zip": "01775", "type": MatchType.POINT, "lat": 42.1, "lon": lon, "error_m": 25.0, **other}
    return Place(**values)  # type: ignore[arg-type]


class Service:
    """A geocoder that always answers the same."""

    def __init__(self, name: str, answer: list[Place] | ProviderError) -> None:
        self.name, self.answer, self.calls = name, answer, 0

    def find(self, address: HomeAddress) -> list[Place]:
        self.calls += 1
        if isinstance(self.answer, ProviderError):
            raise self.answer
        return self.answer


def ask(*services: Service, address: HomeAddress = ADDRESS) -> RemoteAnswer:
    typed = read_address(address, MA)
    assert isinstance(typed, ReadAddress)
    return ask_geocoders(services, address, typed, MA, DistrictIndex([]))


def sources(said: RemoteAnswer) -> list[tuple[str, float]]:
    return [(position.source, position.lon) for position in said.positions]


def test_two_services_that_know_the_address_are_heard() -> None:
    third = Service("c", [place()])
    said = ask(Service("a", [place()]), Service("b", [place(EAST)]), third)
    assert sources(said) == [("a geocoder", WEST), ("b geocoder", EAST)]
    assert third.calls == 0


def test_who_knows_nothing_is_not_one_of_the_two() -> None:
    said = ask(Service("a", [place()]), Service("b", []), Service("c", [place(EAST)]))
    assert sources(said) == [("a geocoder", WEST), ("c geocoder", EAST)]


@pytest.mark.parametrize(
    "second",
    [[], [place(number="14")], Retryable("later"), Throttled("slow down", 30.0), Permanent("wrong key")],
    ids=["unknown", "another house", "failed", "throttled", "refused"],
)
def test_a_second_service_without_an_answer_changes_nothing(second: list[Place] | ProviderError) -> None:
    alone = ask(Service("a", [place()]))
    assert sources(alone) == [("a geocoder", WEST)]
    assert ask(Service("a", [place()]), Service("b", second)) == alone
    assert ask(Service("b", second), Service("a", [place()])) == alone


def test_the_shortest_wish_to_wait_counts_when_nobody_could_say() -> None:
    assert ask(Service("a", Throttled("slow down", 30.5)), Service("b", [])).retry_in_s == 31
    assert ask(Service("a", Throttled("slow down")), Service("b", Retryable("later"))).retry_in_s == RETRY_S
    assert ask(Service("a", Permanent("wrong key"))) == RemoteAnswer()


def test_another_zip_code_is_offered_and_not_taken() -> None:
    said = ask(Service("a", [place(zip="01776")]))
    assert (said.positions, said.others) == ((), ("12 Maple Street, Stow, MA 01776",))
    assert ask(Service("a", [place(city="Gleasondale")])).positions
    assert ask(Service("a", [place(zip="")])).positions
    assert not ask(Service("a", [place(zip="", city="Acton")])).positions
    without_zip = HomeAddress("12 Maple St", "Stow", "MA", "")
    assert ask(Service("a", [place()]), address=without_zip).positions
    assert not ask(Service("a", [place(city="Acton")]), address=without_zip).positions


def test_the_names_of_both_services_are_carried_once() -> None:
    lower, upper = (Chamber.LOWER, "1st Essex District"), (Chamber.UPPER, "First Essex")
    said = ask(
        Service("a", [place(districts=(lower, upper)), place(EAST, number="14", districts=((Chamber.LOWER, "9"),))]),
        Service("b", [place(districts=(lower,))]),
    )
    assert said.named == (lower, upper)


def office(number: int, chamber: Chamber, district: str) -> Office:
    return Office(number, chamber, district, f"ocd-division/{chamber}:{number}", "Member", holder_id=number)


FIRST, SECOND = office(1, Chamber.LOWER, "1st Essex"), office(2, Chamber.LOWER, "2nd Essex")
SENATE, OTHER_SENATE = office(3, Chamber.UPPER, "First Essex"), office(4, Chamber.UPPER, "Second Essex")
DIRECTORY = Directory(
    jurisdiction="ma",
    version=(None, 0),
    is_real=True,
    index=DistrictIndex([]),
    offices={seat.ocd_id: (seat,) for seat in (FIRST, SECOND, SENATE, OTHER_SENATE)},
    at_large={},
    places=frozenset(),
    cities={},
)
MATCHED = LookupResult(LookupStatus.MATCHED, None, (FIRST, SENATE))


@pytest.mark.parametrize(
    "named",
    [
        [],
        [(Chamber.LOWER, "1st Essex District"), (Chamber.UPPER, "State Senate District First Essex")],
        [(Chamber.LOWER, "State House District 14"), (Chamber.UPPER, "D25")],
        [(Chamber.CONGRESS, "2nd Essex")],
    ],
    ids=["nothing", "other spellings", "names of none of ours", "a chamber not asked for"],
)
def test_what_does_not_contradict_changes_nothing(named: list[tuple[Chamber, str]]) -> None:
    assert heed_names(DIRECTORY, MATCHED, named) == MATCHED


def test_another_district_of_ours_makes_a_question_with_both() -> None:
    result = heed_names(DIRECTORY, MATCHED, [(Chamber.LOWER, "2nd Essex District"), (Chamber.UPPER, "First Essex")])
    assert (result.status, result.reason) == (LookupStatus.DOUBTFUL, DISAGREE)
    assert result.offices == (FIRST, SECOND, SENATE)
    assert result.asked == {Chamber.LOWER}


def test_a_question_gets_the_named_district_too() -> None:
    asked = LookupResult(
        LookupStatus.DOUBTFUL, None, (FIRST, SECOND, SENATE), frozenset({Chamber.LOWER}), reason="near"
    )
    assert heed_names(DIRECTORY, asked, [(Chamber.LOWER, "2nd Essex")]) == asked
    result = heed_names(DIRECTORY, asked, [(Chamber.UPPER, "Second Essex")])
    assert result.offices == (FIRST, SECOND, SENATE, OTHER_SENATE)
    assert result.asked == {Chamber.LOWER, Chamber.UPPER}


def test_what_has_no_offices_stays_without() -> None:
    outside = LookupResult(LookupStatus.OUTSIDE, reason="outside")
    assert heed_names(DIRECTORY, outside, [(Chamber.LOWER, "2nd Essex")]) == outside
