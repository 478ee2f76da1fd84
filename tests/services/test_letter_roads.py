"""Whatever is asked for, and whichever way leads to it, the pages of the table are those of a plain sort."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, text

from shared.db import letter_pages
from shared.db.tables import letter
from shared.domain.causes import Cause
from shared.domain.letter_filter import LetterFilter
from shared.domain.problems import WAITS_FOR_A_PERSON, Problem, problem_of
from shared.domain.states import NEEDS_ATTENTION, LetterState
from shared.domain.table_keys import TableKey
from shared.queue.ring import Ring
from shared.services import letters_table
from shared.services.letters_table import LetterPage, count_fitting, list_letters
from shared.settings import Settings
from tests.factories import make_campaign, write_letters

_FILTERS, _PAGE = 60, 7
_STATES = (LetterState.SENT, LetterState.QUEUED, LetterState.DEFERRED, LetterState.REJECTED, LetterState.BOUNCED)
_CAUSES = (Cause.NONE, Cause.MAILBOX_FULL, Cause.REFUSED, Cause.NO_SUCH_ADDRESS)
_DOMAINS = ("common.example", "rare.example", "nobody.example")
_WORDS = ("jamie", "rivera1", "rivera17", "town", "jamie rivera1", "town jamie", "nobody", "jamie nobody")
# Most are sent, to one domain; several are of one moment.
_MIXED = (
    "UPDATE letter SET state = (CAST(:states AS text[]))[1 + greatest(0, id * 31 % 11 - 6)],"
    " cause = (CAST(:causes AS text[]))[1 + id * 17 % 4], is_test = id % 23 = 0,"
    " receiving_domain = CASE WHEN id % 29 = 0 THEN 'rare.example' ELSE 'common.example' END,"
    " state_changed_at = timestamptz '2026-01-01' + (id * 7919 % 40) * interval '1 minute',"
    " attended_at = CASE WHEN id % 5 = 0 THEN timestamptz '2026-01-01 00:20' END"
)
_NAMES = (
    "INSERT INTO letter_words SELECT id, array_to_tsvector(ARRAY['1/jamie', '1/rivera' || id % 40]"
    " || CASE WHEN id % 3 = 0 THEN ARRAY['1/town'] ELSE ARRAY[]::text[] END) FROM letter"
)


class Stored(NamedTuple):
    """A letter as the plain sort sees it."""

    id: int
    at: datetime
    state: LetterState
    cause: Cause
    office: int
    domain: str
    is_test: bool
    attended_at: datetime | None
    words: Sequence[str]

    @property
    def key(self) -> TableKey:
        """Where a page begins after it."""
        return TableKey(self.at, self.id)

    @property
    def needs(self) -> bool:
        """True when it needs a person."""
        waits = self.state is LetterState.DEFERRED and self.cause in WAITS_FOR_A_PERSON
        return (self.state in NEEDS_ATTENTION or waits) and (self.attended_at is None or self.attended_at < self.at)

    def fits(self, chosen: LetterFilter) -> bool:
        """True when everything that was asked for is true of it."""
        return all(
            (
                chosen.state in (None, self.state),
                not chosen.needs or self.needs,
                not chosen.problem or (self.needs and problem_of(self.state, self.cause) is chosen.problem),
                chosen.office in (None, self.office),
                chosen.domain in ("", self.domain),
                chosen.test in (None, self.is_test),
                all(any(one.startswith(f"1/{word}") for one in self.words) for word in chosen.search.split()),
            )
        )


@pytest.fixture
def stored(engine: Engine, ring: Ring, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[Stored]:
    """240 letters to two offices, the last changed first."""
    monkeypatch.setattr(letters_table, "PAGE_SIZE", _PAGE)
    make_campaign(engine)
    write_letters(engine, ring, settings)
    names = [column.name for column in letter.c if column.name != "id"]
    copied = ", ".join("email_hash || n" if name == "email_hash" else name for name in names)
    with engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO letter ({', '.join(names)}) SELECT {copied} FROM letter, generate_series(1, 119) n")
        )
        connection.execute(text(_MIXED), {"states": list(_STATES), "causes": list(_CAUSES)})
        connection.execute(text(f"DELETE FROM letter_words; {_NAMES}"))
        rows = connection.execute(
            text(
                "SELECT id, state_changed_at, state, cause, office_id, receiving_domain, is_test, attended_at,"
                " tsvector_to_array(words) FROM letter JOIN letter_words ON letter_id = id"
                " ORDER BY state_changed_at DESC, id DESC"
            )
        ).all()
    return [Stored(*row)._replace(state=LetterState(row.state), cause=Cause(row.cause)) for row in rows]


@pytest.fixture(
    params=[(1_000, 8_000, 1_500, 20_000), (4, 200, 0, 20_000), (0, 0, 1_500, 20_000), (0, 0, 0, 20_000), (0, 0, 0, 0)],
    ids=["as it is", "far", "fetched", "carried", "all the way"],
)
def _any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    near, far, few, many = request.param
    for name, value in {"NEAR": near, "FAR": far, "FAR_APART": far, "FEW": few, "MANY": many}.items():
        monkeypatch.setattr(letter_pages, name, value)


def filters() -> Iterator[LetterFilter]:
    """Rare, common and mixed ones, the same each time."""
    chance = random.Random(24)

    def maybe(share: float, nothing: Any, *values: Any) -> Any:
        return chance.choice(values) if chance.random() < share else nothing

    for _ in range(_FILTERS):
        yield LetterFilter(
            state=maybe(0.25, None, *_STATES),
            needs=maybe(0.25, False, True),
            problem=maybe(0.2, None, Problem.REFUSED, Problem.ADDRESS, Problem.MAILBOX_FULL),
            office=maybe(0.4, None, 1, 2, 3),
            domain=maybe(0.4, "", *_DOMAINS),
            test=maybe(0.3, None, True, False),
            search=maybe(0.4, "", *_WORDS),
        )


@pytest.mark.usefixtures("_any_way")
def test_pages_are_those_of_a_plain_sort(engine: Engine, stored: list[Stored]) -> None:
    found = 0
    for chosen in filters():
        fitting = [one for one in stored if one.fits(chosen)]
        numbers = [one.id for one in fitting]
        found += bool(fitting)
        assert ids(list_letters(engine, 1, chosen)) == numbers[:_PAGE], chosen
        for at in range(_PAGE, len(fitting), _PAGE):
            assert ids(list_letters(engine, 1, chosen, before=fitting[at - 1].key)) == numbers[at : at + _PAGE], chosen
            assert ids(list_letters(engine, 1, chosen, after=fitting[at].key)) == numbers[at - _PAGE : at], chosen
        assert count_fitting(engine, 1, chosen) in (None, len(fitting)), chosen
    assert _FILTERS // 3 < found < _FILTERS


def test_a_page_begins_at_any_letter(engine: Engine, stored: list[Stored]) -> None:
    for chosen in (LetterFilter(office=1), LetterFilter(office=2, needs=True), LetterFilter(search="town rivera1")):
        fitting = [one for one in stored if one.fits(chosen)]
        for at, one in enumerate(fitting[:-1], 1):
            assert ids(list_letters(engine, 1, chosen, before=one.key)) == [
                each.id for each in fitting[at : at + _PAGE]
            ]


def ids(page: LetterPage) -> list[int]:
    return [row.id for row in page.rows]
