"""Every geocoder adapter against the same contract, on answers of the services' forms, and the guard before them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.domain.places import Chamber, HomeAddress, MatchType
from shared.errors import Permanent, Retryable, Throttled
from shared.paths import ROOT
from shared.providers.geocoders import Geocoder, Place, choose_geocoders
from shared.providers.geocoders.census import CensusGeocoder
from shared.providers.geocoders.geocodio import GeocodioGeocoder
from shared.providers.geocoders.guard import FAILURES_TO_OPEN, OPEN_S, Guarded
from shared.providers.geocoders.openstreetmap import NominatimGeocoder, PhotonGeocoder
from tests.providers.web_folder import WebFolder, serve

ADDRESS = HomeAddress("12 Maple St", "Stow", "MA", "01775")
CENSUS = {
    "result": {
        "addressMatches": [
            {
                "matchedAddress": "12 N MAPLE ST, STOW, MA, 01775",
                "coordinates": {"x": -71.5, "y": 42.4},
                "addressComponents": {
                    "preDirection": "N",
                    "streetName": "MAPLE",
                    "suffixType": "ST",
                    "city": "STOW",
                    "state": "MA",
                    "zip": "01775",
                },
                "geographies": {
                    "119th Congressional Districts": [{"NAME": "Congressional District 3"}],
                    "2024 State Legislative Districts - Upper": [{"NAME": "First Essex District", "GEOID": "25D02"}],
                    "2024 State Legislative Districts - Lower": [{"NAME": "1st Essex District", "GEOID": "25001"}],
                    "2022 State Legislative Districts - Lower": [{"NAME": "8th Essex District", "GEOID": "25001"}],
                },
            }
        ]
    }
}
GEOCODIO = {
    "results": [
        {
            "address_components": {
                "number": "12",
                "formatted_street": "N Maple St",
                "city": "Stow",
                "state": "MA",
                "zip": "01775",
            },
            "location": {"lat": 42.4, "lng": -71.5},
            "accuracy_type": "rooftop",
            "fields": {
                "state_legislative_districts": {
                    "house": [
                        {"name": "1st Essex", "is_upcoming_state_legislative_district": False},
                        {"name": "9th Essex", "is_upcoming_state_legislative_district": True},
                    ],
                    "senate": [{"name": "First Essex"}],
                }
            },
        },
        {"address_components": {}, "location": {"lat": 42.0, "lng": -71.0}, "accuracy_type": "place"},
    ]
}
NOMINATIM = [
    {
        "lat": "42.4",
        "lon": "-71.5",
        "address": {
            "house_number": "12",
            "road": "North Maple Street",
            "town": "Stow",
            "state": "Massachusetts",
            "ISO3166-2-lvl4": "US-MA",
            "postcode": "01775",
        },
    },
    {"lat": "42.0", "lon": "-71.0", "address": {"road": "North Maple Street", "town": "Stow"}},
]
PHOTON = {
    "features": [
        {
            "geometry": {"coordinates": [-71.5, 42.4]},
            "properties": {
                "housenumber": "12",
                "street": "North Maple Street",
                "city": "Stow",
                "state": "Massachusetts",
                "postcode": "01775",
            },
        },
        {"geometry": {"coordinates": [-71.0, 42.0]}, "properties": {"city": "Stow"}},
    ]
}
# name: (made for a server, the path it asks, a full answer, an empty one, the kind of match)
Case = tuple[Callable[[str], Geocoder], str, Any, Any, MatchType]
CASES: dict[str, Case] = {
    "census": (
        lambda url: CensusGeocoder(f"{url}address"),
        "address",
        CENSUS,
        {"result": {"addressMatches": []}},
        MatchType.INTERPOLATED,
    ),
    "geocodio": (
        lambda url: GeocodioGeocoder("KEY", f"{url}geocode"),
        "geocode",
        GEOCODIO,
        {"results": []},
        MatchType.POINT,
    ),
    "nominatim": (NominatimGeocoder, "search", NOMINATIM, [], MatchType.POINT),
    "photon": (PhotonGeocoder, "api", PHOTON, {"features": []}, MatchType.POINT),
    "pelias": (
        lambda url: PhotonGeocoder(url, name="pelias"),
        "v1/search",
        PHOTON,
        {"features": []},
        MatchType.POINT,
    ),
}


@pytest.fixture
def folder() -> Iterator[WebFolder]:
    with serve(WebFolder()) as running:
        yield running


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_a_house_is_read(case: Case, folder: WebFolder) -> None:
    make, path, answer, _, kind = case
    folder.files[path] = json.dumps(answer).encode()
    (place,) = make(folder.url).find(ADDRESS)
    assert (place.type, place.lat, place.lon) == (kind, 42.4, -71.5)
    assert (place.number, place.city.title(), place.zip) == ("12", "Stow", "01775")
    assert place.street.casefold() in ("n maple st", "north maple street")
    assert 10 < place.error_m <= 100


@pytest.mark.parametrize(
    ("name", "districts"),
    [
        (
            "census",
            {
                (Chamber.LOWER, "1st Essex District"),
                (Chamber.UPPER, "First Essex District"),
                (Chamber.CONGRESS, "Congressional District 3"),
            },
        ),
        ("geocodio", {(Chamber.LOWER, "1st Essex"), (Chamber.UPPER, "First Essex")}),
    ],
)
def test_the_districts_that_a_service_names_are_carried(
    folder: WebFolder, name: str, districts: set[tuple[Chamber, str]]
) -> None:
    make, path, answer, *_ = CASES[name]
    folder.files[path] = json.dumps(answer).encode()
    (place,) = make(folder.url).find(ADDRESS)
    assert set(place.districts) == districts


# The service, its recorded answer, and the house in it.
RECORDED = [
    ("census", "census_onelineaddress.json", ("1600", "PENNSYLVANIA AVE NW", "DC", "20502")),
    ("census", "census_address-geographies.json", ("1600", "PENNSYLVANIA AVE NW", "DC", "20502")),
    ("census", "census_address-locations.json", ("1600", "PENNSYLVANIA AVE NW", "DC", "20502")),
    ("census", "census_ma_state_house_CONSTRUCTED.json", ("24", "BEACON ST", "MA", "02133")),
    ("census", "census_no_match.json", None),
    ("nominatim", "nominatim_search_jsonv2_somerville.json", ("197", "Highland Avenue", "MA", "02143")),
    ("photon", "photon_api_shape.json", ("24", "Beacon Street", "Massachusetts", "02133")),
]


@pytest.mark.parametrize(("name", "file", "house"), RECORDED)
def test_recorded_answers_are_read(
    folder: WebFolder, name: str, file: str, house: tuple[str, str, str, str] | None
) -> None:
    recorded = ROOT.parent / "shared" / "data" / "api-samples" / file
    if not recorded.is_file():
        pytest.skip("the recorded answers are not here")
    make, path, *_ = CASES[name]
    folder.files[path] = recorded.read_bytes()
    places = make(folder.url).find(ADDRESS)
    assert [(place.number, place.street, place.state, place.zip) for place in places] == ([house] if house else [])
    # Layers that name no district say nothing.
    constructed = {(Chamber.UPPER, "Third Suffolk District"), (Chamber.LOWER, "8th Suffolk District")}
    for place in places:
        named = {one for one in place.districts if one[0] is not Chamber.CONGRESS}
        assert named == (constructed if "CONSTRUCTED" in file else set())


@pytest.mark.parametrize("where", ['"lat": "NaN"', '"lat": "95"'])
def test_a_position_that_is_none_on_earth_is_another_form(folder: WebFolder, where: str) -> None:
    folder.files["search"] = json.dumps(NOMINATIM).replace('"lat": "42.4"', where).encode()
    with pytest.raises(Retryable):
        NominatimGeocoder(folder.url).find(ADDRESS)


def test_nothing_found_is_an_empty_list(case: Case, folder: WebFolder) -> None:
    make, path, _, empty, _ = case
    folder.files[path] = json.dumps(empty).encode()
    assert make(folder.url).find(ADDRESS) == []


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b'{"other": 1}', b"null"])
def test_an_answer_of_another_form_is_retryable(case: Case, folder: WebFolder, body: bytes) -> None:
    make, path, *_ = case
    folder.files[path] = body
    with pytest.raises(Retryable):
        make(folder.url).find(ADDRESS)


@pytest.mark.parametrize(("status", "error"), [(500, Retryable), (503, Retryable), (429, Throttled), (403, Permanent)])
def test_errors_are_ours_and_hold_no_address(
    case: Case, folder: WebFolder, status: int, error: type[Exception]
) -> None:
    folder.faults = [status]
    with pytest.raises(error) as caught:
        case[0](folder.url).find(ADDRESS)
    assert "Maple" not in str(caught.value)


class _Scripted:
    """Answers with what the test lists, one a call."""

    name = "scripted"

    def __init__(self, *answers: Exception | list[Place]) -> None:
        self.answers, self.calls = list(answers), 0

    def find(self, address: HomeAddress) -> list[Place]:
        self.calls += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def guard(geocoder: _Scripted, clock: _Clock) -> Guarded:
    return Guarded(geocoder, first_pause_s=0.01, clock=lambda: clock.now, sleep=clock.sleep)


def test_the_guard_tries_again_once() -> None:
    geocoder = _Scripted(Retryable("later"), [])
    assert guard(geocoder, _Clock()).find(ADDRESS) == []
    assert geocoder.calls == 2


def test_the_guard_leaves_a_sick_service_alone_and_comes_back() -> None:
    clock, geocoder = _Clock(), _Scripted(*[Retryable("later")] * (FAILURES_TO_OPEN + 1), [])
    guarded = guard(geocoder, clock)
    for _ in range(FAILURES_TO_OPEN // 2):
        with pytest.raises(Retryable):
            guarded.find(ADDRESS)
    with pytest.raises(Retryable):
        guarded.find(ADDRESS)
    calls = geocoder.calls
    with pytest.raises(Throttled) as caught:
        guarded.find(ADDRESS)
    assert geocoder.calls == calls
    assert caught.value.retry_after == pytest.approx(OPEN_S, abs=1)
    clock.now += OPEN_S + 1
    geocoder.answers = [[]]
    assert guarded.find(ADDRESS) == []


def test_the_guard_keeps_the_wish_to_wait() -> None:
    clock, geocoder = _Clock(), _Scripted(Throttled("slow down", 30.0), [])
    guarded = guard(geocoder, clock)
    with pytest.raises(Throttled):
        guarded.find(ADDRESS)
    with pytest.raises(Throttled) as caught:
        guarded.find(ADDRESS)
    assert (geocoder.calls, caught.value.retry_after) == (1, pytest.approx(30.0))


def test_the_guard_keeps_the_pace() -> None:
    clock, geocoder = _Clock(), _Scripted(*[[]] * 5)
    guarded = guard(geocoder, clock)
    for _ in range(5):
        guarded.find(ADDRESS)
    assert clock.slept == pytest.approx(0.4)


def test_services_are_named_in_one_setting() -> None:
    chosen = choose_geocoders("census, nominatim=https://maps.example/ , geocodio=K")
    assert [geocoder.name for geocoder in chosen] == ["census", "nominatim", "geocodio"]
    assert choose_geocoders("") == ()
    assert choose_geocoders("census, nominatim=https://maps.example/ , geocodio=K") is chosen
