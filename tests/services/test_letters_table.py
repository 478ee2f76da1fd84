"""The letters table: every letter once, page by page, whatever changes meanwhile; and found by how its words begin."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy import Engine, text

from shared.db import letter_pages, letter_roads
from shared.db.engine import make_engine
from shared.db.letter_roads import Wanted
from shared.db.upgrade import alembic_config, upgrade
from shared.domain.letter_filter import LetterFilter
from shared.domain.places import HomeAddress
from shared.domain.search_words import stored_words
from shared.domain.states import LetterState
from shared.domain.table_keys import NEWEST, TableKey
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services import letters_table
from shared.services.accept import accept_submission
from shared.services.letters_table import LetterPage, list_letters
from shared.services.prepare import prepare_submissions
from shared.services.submissions import SupporterDetails, begin_submission
from shared.settings import Settings
from tests.factories import make_campaign
from tests.plans import read_plan

PEOPLE = (("José", "O'Brien", "Natick"), ("Ana", "Rivera", "North Adams"), ("Wei", "Chen", "Quincy"))
PEOPLE += (("Jo", "Adams", "Natick"),)
Change = Callable[[str], None]


@pytest.fixture(params=[(1_000, 1_500, 20_000), (0, 1_500, 20_000), (0, 0, 20_000), (0, 0, 0)])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the ways to the same letters."""
    for name, value in zip(("NEAR", "FEW", "MANY"), request.param, strict=True):
        monkeypatch.setattr(letter_pages, name, value)


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


def write_letters(engine: Engine, ring: Ring, settings: Settings) -> None:
    """Four people's letters to two practice offices, numbers 1 to 8."""
    make_campaign(engine)
    for first, last, city in PEOPLE:
        address = HomeAddress("12 Maple Street", city, "MA", "")
        details = SupporterDetails(first, last, f"{first[0].lower()}.{last[0].lower()}@example.org", address)
        accept_submission(
            engine, ring, settings, begin_submission(engine, ring, settings, "co-ops", details), own_words=""
        )
    prepare_submissions(engine, ring, settings)


@pytest.fixture
def change(engine: Engine, ring: Ring, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Eight letters, the last made changed last, on pages of three; a statement changes them."""
    monkeypatch.setattr(letters_table, "PAGE_SIZE", 3)
    write_letters(engine, ring, settings)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    run("UPDATE letter SET state_changed_at = now() - interval '1 hour' + id * interval '1 microsecond'")
    return run


def ids(page: LetterPage) -> list[int]:
    return [row.id for row in page.rows]


def downward(engine: Engine, state: LetterState | None = None, search: str = "") -> list[list[int]]:
    """The ids of every page from the newest on."""
    page = list_letters(engine, 1, LetterFilter(state=state, search=search))
    pages = [ids(page)]
    while page.older:
        page = list_letters(engine, 1, LetterFilter(state=state, search=search), before=page.older)
        assert page.newer
        pages.append(ids(page))
    return pages


def test_every_letter_is_on_one_page(change: Change, engine: Engine) -> None:
    assert downward(engine) == [[8, 7, 6], [5, 4, 3], [2, 1]]
    assert list_letters(engine, 1).newer is None
    assert downward(engine, LetterState.QUEUED) == [[8, 7, 6], [5, 4, 3], [2, 1]]


def test_states_are_merged_in_the_order_of_time(change: Change, engine: Engine) -> None:
    change("UPDATE letter SET state = 'sent' WHERE id IN (2, 5, 8)")
    change("UPDATE letter SET state = 'bounced' WHERE id = 7")
    assert downward(engine) == [[8, 7, 6], [5, 4, 3], [2, 1]]
    assert downward(engine, LetterState.QUEUED) == [[6, 4, 3], [1]]
    assert downward(engine, LetterState.SENT) == [[8, 5, 2]]


def test_letters_of_one_moment_are_told_apart(change: Change, engine: Engine) -> None:
    change("UPDATE letter SET state_changed_at = '2026-01-01'")
    change("UPDATE letter SET state = 'sent' WHERE id IN (2, 5, 8)")
    assert downward(engine) == [[8, 7, 6], [5, 4, 3], [2, 1]]


@pytest.mark.parametrize("moments", ["'2026-01-01'", "state_changed_at"], ids=["one moment", "many"])
def test_the_way_back_shows_the_same_pages(change: Change, engine: Engine, moments: str) -> None:
    change(f"UPDATE letter SET state_changed_at = {moments}")
    last = list_letters(engine, 1, before=row(engine, 3))
    assert (ids(last), last.older) == ([2, 1], None)
    middle = list_letters(engine, 1, after=last.newer)
    assert ids(middle) == [5, 4, 3]
    assert ids(list_letters(engine, 1, before=middle.older)) == [2, 1]
    first = list_letters(engine, 1, after=middle.newer)
    assert (ids(first), first.newer) == ([8, 7, 6], None)


def row(engine: Engine, number: int) -> TableKey:
    with engine.connect() as connection:
        query = text("SELECT state_changed_at, id FROM letter WHERE id = :number")
        return TableKey(*connection.execute(query, {"number": number}).one())


def test_a_page_stays_while_letters_above_and_on_it_change(change: Change, engine: Engine) -> None:
    older = list_letters(engine, 1).older
    change("UPDATE letter SET state = 'sent', state_changed_at = now() WHERE id IN (4, 6, 7)")
    assert ids(list_letters(engine, 1, before=older)) == [5, 3, 2]
    assert ids(list_letters(engine, 1)) == [7, 6, 4]


def test_beyond_the_last_letter_is_the_newest_page(change: Change, engine: Engine) -> None:
    page = list_letters(engine, 1, before=row(engine, 1))
    assert (ids(page), page.newer) == ([8, 7, 6], None)
    assert list_letters(engine, 1, LetterFilter(state=LetterState.HELD)) == LetterPage(())
    assert list_letters(engine, 1, LetterFilter(state=LetterState.HELD), after=row(engine, 1)) == LetterPage(())
    assert list_letters(engine, 2) == LetterPage(())


@pytest.mark.usefixtures("any_way")
def test_a_search_finds_the_same_on_every_way(change: Change, engine: Engine) -> None:
    change("UPDATE letter SET state = 'sent' WHERE id IN (1, 4)")
    assert downward(engine, search="JOSE") == [[2, 1]]
    assert downward(engine, search="jo") == [[8, 7, 2], [1]]
    assert downward(engine, search="o’brien") == [[2, 1]]
    assert downward(engine, search="a.r@exam") == [[4, 3]]
    assert downward(engine, search="natick jo") == [[8, 7, 2], [1]]
    assert downward(engine, search="adams") == [[8, 7, 4], [3]]
    assert downward(engine, LetterState.SENT, "ada") == [[4]]
    assert downward(engine, search="e") == downward(engine, search="nobody") == [[]]
    assert ids(list_letters(engine, 1, LetterFilter(search="adams"), after=row(engine, 3))) == [8, 7, 4]


@pytest.mark.usefixtures("any_way")
def test_a_legislators_name_finds_the_letters_to_their_office(change: Change, engine: Engine) -> None:
    with engine.connect() as connection:
        office = connection.execute(text("SELECT office_id, recipient_name, district FROM letter WHERE id = 3")).one()
        query = text("SELECT id FROM letter WHERE office_id = :office ORDER BY id DESC")
        mine = list(connection.scalars(query, {"office": office.office_id}))
    assert 3 in mine
    assert 4 not in mine
    found = downward(engine, search=f"{office.recipient_name} {office.district}")
    assert [number for page in found for number in page] == mine
    assert downward(engine, search=f"{office.recipient_name} Rivera {office.district}") == [[3]]


@pytest.mark.parametrize(
    "typed", ["'", "\\", "a'b\\@:*", "\0", ":*", "(", "!&|<->", "🙂", "''@\\'", "%", "@", "\ud800", "x" * 5_000]
)
def test_whatever_is_typed_is_only_looked_for(change: Change, engine: Engine, typed: str) -> None:
    assert list_letters(engine, 1, LetterFilter(search=typed)) == LetterPage(())


def test_another_campaigns_letters_are_not_found(change: Change, engine: Engine) -> None:
    change("DELETE FROM letter_words")
    for number, words in {1: stored_words(1, "Ana"), 2: stored_words(11, "Ana"), 3: ""}.items():
        change(f"INSERT INTO letter_words VALUES ({number}, array_to_tsvector(string_to_array('{words}', ' ')))")
    assert downward(engine, search="ana") == [[1]]


def test_words_go_with_their_letter(change: Change, engine: Engine) -> None:
    change("DELETE FROM letter_event")
    change("DELETE FROM letter WHERE id = 1")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT min(letter_id) FROM letter_words")) == 2


def test_the_migration_gives_letters_that_are_there_the_same_words(empty_database_url: str, settings: Settings) -> None:
    engine = make_engine(empty_database_url)
    upgrade(engine)
    words = text("SELECT letter_id, CAST(words AS text) FROM letter_words ORDER BY letter_id")
    write_letters(
        engine,
        Ring(make_celery(settings), connect_redis(settings.redis_url)),
        replace(settings, database_url=empty_database_url),
    )
    with engine.connect() as connection:
        made = connection.execute(words).all()
        command.downgrade(alembic_config(connection), "0005")
        command.upgrade(alembic_config(connection), "head")
        assert connection.execute(words).all() == made
        assert len(made) == 8
    engine.dispose()


def test_a_page_is_read_along_the_index(change: Change, engine: Engine) -> None:
    """Reading a million letters to sort them would take seconds."""
    plans: list[str] = []
    for is_upward in (False, True):
        wanted = Wanted(1, tuple(LetterState), ["'1/ana':*"], NEWEST, 51, is_upward=is_upward)
        ids = letter_roads._ON_THE_WAY.replace("{passed}", letter_roads.passed(wanted))
        statement, values = letter_roads.fill(ids.replace("{which}", letter_roads._FITS), wanted)
        values = {**values, "reach": 2_000, "query": wanted.query}
        plans.append(read_plan(engine, statement, values, off=("seqscan", "sort")))
    for plan in plans:
        assert "Merge Append" in plan
        assert plan.count("Index Only Scan") == len(LetterState)
