"""Whatever an outside geocoder does: no submission is lost, and no letter goes to a wrong district."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text

from shared.clock import now
from shared.db.tables import submission
from shared.domain.places import Chamber, HomeAddress
from shared.domain.states import SubmissionState
from shared.errors import Retryable
from shared.providers import http
from shared.providers.geocoders import choose_geocoders
from shared.providers.geocoders.guard import FAILURES_TO_OPEN, OPEN_S, Guarded
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.lookup import directory
from shared.services.lookup.remote import RETRY_S
from shared.services.prepare import prepare_submissions
from shared.services.submission_view import SubmissionView, read_submission
from shared.services.submissions import answer_doubt, correct_address
from shared.settings import Settings
from tests.factories import make_campaign
from tests.providers import scripted_geocoder as script
from tests.providers.scripted_geocoder import House, Reply, ScriptedGeocoder
from tests.services.places import files
from tests.smtp_server import ScriptedSmtpServer
from web.app import create_app

TYPED = {"first_name": "Jamie", "last_name": "Rivera", "street": "77 New St", "city": "Stow", "zip": "01775"}
RIGHT = House("77", "New Street", "Stow", "MA", "01775", 42.1, -71.55)
EASTERN = replace(RIGHT, lon=-71.45)
WEST_LETTERS = {"west@house.example", "senate@house.example"}
EAST_LETTERS = {"east@house.example", "senate@house.example"}
FINDING = "Finding your legislators"
Fault = Callable[[Reply], None]


class Road:
    """One supporter on the way from a typed address to letters, and the services' clocks in our hand."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self.ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
        self.client: FlaskClient = create_app(settings, engine, self.ring).test_client()
        self.passed_s = 0.0
        self.tokens: list[str] = []
        for geocoder in choose_geocoders(settings.geocoders):
            assert isinstance(geocoder, Guarded)
            real = geocoder._clock
            geocoder._clock = lambda real=real: real() + self.passed_s
            geocoder._first_pause_s = geocoder._interval_s = 0.0

    def begin(self) -> str:
        typed = TYPED | {"email": f"jamie{len(self.tokens)}@example.org"}
        answer = self.client.post("/c/co-ops", data=typed)
        assert answer.status_code == 303, answer.text
        self.tokens.append(answer.location.rpartition("/")[2])
        accept_submission(self.engine, self.ring, self.settings, self.tokens[-1], own_words="")
        return self.tokens[-1]

    def prepare(self) -> int:
        return prepare_submissions(self.engine, self.ring, self.settings)

    def wait(self, seconds: float) -> None:
        """So much time passes, for the guards and for what is due."""
        self.passed_s += seconds
        with self.engine.begin() as connection:
            connection.execute(
                text("UPDATE submission SET due_at = due_at - make_interval(secs => :s)"), {"s": seconds}
            )

    def view(self) -> SubmissionView:
        return read_submission(self.engine, self.settings, self.tokens[-1])

    def due_in_s(self) -> float:
        with self.engine.connect() as connection:
            due_at = connection.execute(
                select(submission.c.due_at).where(submission.c.token == self.tokens[-1])
            ).scalar_one()
        assert isinstance(due_at, datetime)
        return (due_at - now()) / timedelta(seconds=1)

    def page(self) -> str:
        """What the supporter sees, wherever the letter page leads."""
        return self.client.get(f"/c/co-ops/letter/{self.tokens[-1]}", follow_redirects=True).text

    def deliver(self) -> set[str]:
        """The offices whose letters leave."""
        with ScriptedSmtpServer() as server:
            deliver_letters(self.engine, self.ring, replace(self.settings, mailbox_url=server.url), first_tries=True)
            return {recipient for _, recipient, _ in server.accepted}


@pytest.fixture
def state(engine: Engine, tmp_path: Path) -> Engine:
    """Two House districts side by side and one Senate district; own data lack the supporter's street."""
    people = [
        files.person(1, "Wes West", "1st Essex"),
        files.person(2, "Eve East", "2nd Essex"),
        files.person(3, "Sue Senate", "First Essex", "upper"),
    ]
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(engine, files.write_districts(tmp_path / "h.geojson", ["1st Essex", "2nd Essex"]), "ma")
    import_districts(engine, files.write_districts(tmp_path / "s.geojson", ["First Essex"], "upper"), "ma")
    points = [("12", "Maple St", "Stow", "01775", 42.1, -71.55)]
    import_addresses(engine, files.write_points(tmp_path / "points.csv", points), "ma")
    make_campaign(engine)
    return engine


@pytest.fixture
def first() -> Iterator[ScriptedGeocoder]:
    with script.serve(ScriptedGeocoder([RIGHT])) as running:
        yield running


@pytest.fixture
def second() -> Iterator[ScriptedGeocoder]:
    with script.serve(ScriptedGeocoder([RIGHT])) as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same time-outs, shorter."""
    monkeypatch.setattr(http, "JSON_READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr(http, "JSON_WHOLE_S", 0.6)


def road(state: Engine, settings: Settings, *urls: str) -> Road:
    """Nominatim at the first URL, Photon at the second."""
    named = zip(("nominatim", "photon"), urls, strict=False)
    return Road(state, replace(settings, geocoders=",".join(f"{name}={url}" for name, url in named)))


def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


# Faults that pass: name, and after how many seconds to ask again.
PASSING: dict[str, tuple[Fault, float]] = {
    "429 with a wish": (script.status(429, Retry_After="7"), 7.0),
    "429 without": (script.status(429), RETRY_S),
    "503 with a wish": (script.status(503, Retry_After="20"), 20.0),
    "500": (script.status(500), RETRY_S),
    "slow": (script.late(1.0), RETRY_S),
    "dripping": (script.dripping(0.1), RETRY_S),
    "cut off": (script.cut_off, RETRY_S),
    "half of a JSON": (script.half_json, RETRY_S),
    "nested without end": (script.nested, RETRY_S),
    "a web page": (script.web_page, RETRY_S),
    "50 MB": (script.huge, RETRY_S),
}


def still_looking(here: Road, wait_s: float) -> None:
    """The submission is there, waits for its time, and says so."""
    view = here.view()
    assert (view.state, view.lookup_status, view.targets, view.letters) == (SubmissionState.DRAFT, None, (), ())
    assert view.accepted_at is not None
    assert here.due_in_s() == pytest.approx(wait_s, abs=5)
    assert FINDING in here.page()
    assert here.prepare() == 0  # not before its time
    assert here.deliver() == set()


def arrived(here: Road, letters: set[str]) -> None:
    """The lookup is done, and the letters went to these offices only."""
    view = here.view()
    assert view.state is SubmissionState.READY
    assert view.expected_letters == len(letters)
    assert FINDING not in here.page()
    assert here.deliver() == letters


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_delays_and_loses_nothing(
    state: Engine, settings: Settings, first: ScriptedGeocoder, name: str
) -> None:
    first.fault, wait_s = PASSING[name]
    here = road(state, settings, first.url)
    here.begin()
    here.prepare()
    still_looking(here, wait_s)
    assert first.bytes_sent < script.HUGE_BYTES / 2  # an answer without end is not read to its end
    first.fault = None
    here.wait(wait_s + 1)
    here.prepare()
    arrived(here, WEST_LETTERS)


@pytest.mark.parametrize("name", PASSING)
def test_the_next_service_answers_for_a_sick_one(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder, name: str
) -> None:
    first.fault, _ = PASSING[name]
    here = road(state, settings, first.url, second.url)
    here.begin()
    here.prepare()
    arrived(here, WEST_LETTERS)
    assert here.view().match is not None
    assert here.view().match.source == "photon geocoder"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", PASSING)
def test_a_sick_second_service_takes_nothing_from_the_first(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder, name: str
) -> None:
    second.fault, _ = PASSING[name]
    here = road(state, settings, first.url, second.url)
    here.begin()
    here.prepare()
    arrived(here, WEST_LETTERS)


@pytest.mark.parametrize("kind", ["refused", "TLS"])
def test_no_connection_at_all(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder, kind: str
) -> None:
    sick = nobody() if kind == "refused" else first.url.replace("http://", "https://")
    alone = road(state, settings, sick)
    alone.begin()
    alone.prepare()
    still_looking(alone, RETRY_S)
    behind = road(state, settings, sick, second.url)
    behind.tokens = alone.tokens
    behind.wait(RETRY_S)
    behind.prepare()
    arrived(behind, WEST_LETTERS)


def test_a_redirect_is_not_followed_with_a_home_address(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder
) -> None:
    first.fault = script.elsewhere(second.url)
    here = road(state, settings, first.url)
    here.begin()
    here.prepare()
    still_looking(here, RETRY_S)
    assert second.paths == []
    first.fault = None
    here.wait(RETRY_S)
    here.prepare()
    arrived(here, WEST_LETTERS)


def an_hour_later() -> None:
    """What services said is asked again; in between, answers are remembered."""
    directory._LOADED.clear()


WRONG = {
    "another state": ([replace(RIGHT, state="NH")], ()),
    "another house": ([replace(RIGHT, number="79")], ("79 New Street, Stow, MA 01775",)),
    "another street": ([replace(RIGHT, street="Newer Street")], ("77 Newer Street, Stow, MA 01775",)),
    "another ZIP code": ([replace(RIGHT, zip="01776")], ("77 New Street, Stow, MA 01776",)),
    "a place in another state": ([replace(RIGHT, lat=33.4)], ()),
    "nothing": ([], ()),
}


@pytest.mark.parametrize("name", WRONG)
def test_another_address_is_never_taken(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder, name: str
) -> None:
    first.houses, suggestions = WRONG[name]
    first.houses = [replace(house, lon=EASTERN.lon) for house in first.houses]
    here = road(state, settings, first.url)
    token = here.begin()
    here.prepare()
    view = here.view()
    assert (view.state, view.targets, view.suggestions) == (SubmissionState.NEEDS_ADDRESS, (), suggestions)
    page = here.page()
    assert "We could not find this address" in page
    assert all(suggestion in page for suggestion in suggestions)
    assert here.deliver() == set()
    first.houses = [RIGHT]
    an_hour_later()
    correct_address(state, here.ring, token, HomeAddress("77 New St", "Stow", "MA", "01775"))
    here.prepare()
    arrived(here, WEST_LETTERS)


@pytest.mark.parametrize("name", WRONG)
def test_the_next_service_knows_better(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder, name: str
) -> None:
    first.houses, _ = WRONG[name]
    here = road(state, settings, first.url, second.url)
    here.begin()
    here.prepare()
    arrived(here, WEST_LETTERS)


@pytest.mark.parametrize("by", ["one service", "two services"])
def test_two_districts_are_a_question(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder, by: str
) -> None:
    if by == "one service":
        first.houses = [RIGHT, EASTERN]
        here = road(state, settings, first.url)
    else:
        second.houses = [EASTERN]
        here = road(state, settings, first.url, second.url)
    token = here.begin()
    here.prepare()
    view = here.view()
    candidates = {target.office.holder: target.office.office_id for target in view.targets if target.is_candidate}
    assert view.state is SubmissionState.NEEDS_ADDRESS
    assert view.asked == (Chamber.LOWER,)
    assert set(candidates) == {"Wes West", "Eve East"}
    assert here.deliver() == set()
    answer_doubt(state, here.ring, token, {Chamber.LOWER: candidates["Eve East"]})
    here.prepare()
    arrived(here, EAST_LETTERS)


def test_a_refused_key_is_no_word_against_the_address_of_the_next(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder
) -> None:
    first.fault = script.status(403)
    here = road(state, settings, first.url, second.url)
    here.begin()
    here.prepare()
    arrived(here, WEST_LETTERS)


def test_both_sick_wait_for_the_first_to_come_back(
    state: Engine, settings: Settings, first: ScriptedGeocoder, second: ScriptedGeocoder
) -> None:
    first.fault, second.fault = script.status(429, Retry_After="300"), script.status(429, Retry_After="12")
    here = road(state, settings, first.url, second.url)
    here.begin()
    here.prepare()
    still_looking(here, 12)
    second.fault = None
    here.wait(13)
    here.prepare()
    arrived(here, WEST_LETTERS)
    assert len(first.paths) == 1  # it asked for five minutes


def test_the_breaker_spares_a_sick_service_and_closes_again(
    state: Engine, settings: Settings, first: ScriptedGeocoder
) -> None:
    first.fault = script.status(500)
    here = road(state, settings, first.url)
    for _ in range(2 * FAILURES_TO_OPEN):
        here.begin()
    here.prepare()
    assert len(first.paths) == FAILURES_TO_OPEN
    assert here.due_in_s() == pytest.approx(OPEN_S, abs=5)
    here.wait(OPEN_S + 1)
    here.prepare()
    assert len(first.paths) == FAILURES_TO_OPEN + 1  # one question to see whether it is well
    first.fault = None
    here.wait(OPEN_S + 1)
    here.prepare()
    with state.connect() as connection:
        states = connection.execute(select(submission.c.state, submission.c.expected_letters)).all()
    assert states == [("ready", 2)] * (2 * FAILURES_TO_OPEN)
    assert here.deliver() == WEST_LETTERS


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [("7", 7.0), ("0", 0.0), ("9" * 400, http.LONGEST_WISH_S), ("²", None), ("soon", None), ("-5", None)],
)
def test_a_wish_to_wait_is_read_with_care(wish: str, seconds: float | None) -> None:
    assert http._wish(wish) == seconds


def test_a_wish_may_be_a_date() -> None:
    at = now() + timedelta(seconds=90)
    assert http._wish(at.strftime("%a, %d %b %Y %H:%M:%S GMT")) == pytest.approx(90, abs=2)
    assert http._wish("Thu, 01 Jan 1998 00:00:00 GMT") == 0.0


def test_an_answer_without_end_is_cut_off(first: ScriptedGeocoder) -> None:
    first.fault = script.huge
    with pytest.raises(Retryable, match="more than"):
        http.get_json(first.url, params={})
    assert first.bytes_sent < script.HUGE_BYTES / 2
