"""What came of a campaign adds up with the rows, and knows nothing of other campaigns."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, insert, select, text, update

from shared.db.tables import follow_up, letter, office_holder, receipt, submission, suppression
from shared.domain.causes import Cause
from shared.domain.states import HAS_LEFT, LetterState
from shared.errors import InputError, NotFound
from shared.queue.ring import Ring
from shared.services.campaigns import import_campaign, read_campaign
from shared.services.failing_addresses import FailingAddress, correct_failing, find_mendable
from shared.services.office_addresses import try_failing_addresses
from shared.services.offices.wanted import By
from shared.services.results import Results, percent, read_results
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters

Read = Callable[..., Results]
ANNA = By("anna@example.org")


@pytest.fixture
def letters(engine: Engine, settings: Settings, ring: Ring) -> list[int]:
    """Five supporters' ten letters, queued; five to each of two offices."""
    make_campaign(engine)
    for number in range(5):
        write_letters(engine, ring, settings, f"p{number}@example.org")
    with engine.connect() as connection:
        return list(connection.scalars(select(letter.c.id).order_by(letter.c.office_id, letter.c.id)))


@pytest.fixture
def read(engine: Engine, settings: Settings) -> Read:
    def run(slug: str = "co-ops") -> Results:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM snapshot"))
        return read_results(engine, settings, read_campaign(engine, slug))

    return run


def put(engine: Engine, numbers: list[int], state: LetterState, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(update(letter).where(letter.c.id.in_(numbers)).values(state=state.value, **values))


def fail_addresses(engine: Engine, letters: list[int]) -> int:
    """The first letter's office has an address that fails, and its letters are held; its number."""
    put(engine, letters[:5], LetterState.HELD, hold_reason="address_failing")
    with engine.begin() as connection:
        row = connection.execute(select(letter).where(letter.c.id == letters[0])).mappings().one()
        values = {"email_failed_at": func.now(), "email_failure": Cause.NO_SUCH_ADDRESS.value}
        connection.execute(update(office_holder).where(office_holder.c.id == row["office_holder_id"]).values(values))
    return int(row["office_id"])


def test_the_counts_add_up(engine: Engine, letters: list[int], read: Read) -> None:
    put(engine, letters[:1], LetterState.SENT, answered_at=func.now())
    put(engine, letters[1:3], LetterState.DELIVERED)
    put(engine, letters[3:4], LetterState.UNCERTAIN)
    put(engine, letters[5:7], LetterState.BOUNCED, cause=Cause.NO_SUCH_ADDRESS.value)
    put(engine, letters[7:8], LetterState.REJECTED, cause=Cause.REFUSED.value)
    # Told by a supporter, and then taken out of the queue: it never left.
    put(engine, letters[9:10], LetterState.CANCELLED, answered_at=func.now())
    found = read()
    assert (found.counts.letters, found.left, found.accepted, found.written) == (10, 6, 3, 6)
    assert (found.answered, found.failed) == (1, 3)
    assert sum(found.counts.by_state[state] for state in HAS_LEFT) == found.left
    assert [(line.state, line.letters) for line in found.failures] == [("bounced", 2), ("rejected", 1)]
    assert found.failures[0].words == "The email address does not exist."
    assert [(line.letters, line.answered, line.share) for line in found.offices] == [(4, 1, "25 %"), (2, 0, "0 %")]
    assert (found.has_tests, found.has_real_ones) == (True, False)


def test_what_supporters_want_is_counted_once(engine: Engine, letters: list[int], read: Read) -> None:
    with engine.begin() as connection:
        person = connection.execute(select(submission.c.email_hash).where(submission.c.id == 1)).scalar_one()
        connection.execute(insert(suppression).values(email_hash=person, campaign_id=1, reason="unsubscribed"))
        connection.execute(insert(suppression).values(email_hash="other", campaign_id=1, reason="bounced"))
        connection.execute(
            text(
                "INSERT INTO consent (submission_id, campaign_id, email_hash, organization, withdrawn_at)"
                " SELECT id, campaign_id, CASE WHEN id < 3 THEN 'same' ELSE email_hash END, 'Neighbors United',"
                " CASE WHEN id = 5 THEN now() END FROM submission"
            )
        )
        connection.execute(update(follow_up).where(follow_up.c.id == 1).values(state="sent"))
        for event, about in (
            ("a", {"letter_id": letters[0]}),
            ("b", {"letter_id": letters[0]}),
            ("c", {"follow_up_id": 1}),
        ):
            values = {"source": "ses", "event_id": event, "raw": b"", "cause": "complained", **about}
            connection.execute(insert(receipt).values(values))
    found = read()
    assert found.unsubscribed == 1
    assert found.consents == {"Neighbors United": 3}
    assert (found.office_complaints, found.supporter_complaints) == (1, 1)
    assert found.follow_ups[LetterState.SENT] == 1
    with engine.connect() as connection:
        assert sum(found.follow_ups.values()) == connection.scalar(select(func.count()).select_from(follow_up))


def test_another_campaign_is_another_matter(engine: Engine, letters: list[int], read: Read) -> None:
    put(engine, letters, LetterState.BOUNCED, cause=Cause.REFUSED.value, answered_at=func.now())
    import_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'), name="trees.md")
    found = read("trees")
    assert (found.counts.letters, found.left, found.failures, found.offices) == (0, 0, [], [])
    assert (found.has_tests, found.has_real_ones) == (False, False)
    assert (found.follow_ups, found.consents) == ({}, {"Neighbors United": 0})


def test_a_failing_address_is_named_with_its_held_letters(engine: Engine, letters: list[int], read: Read) -> None:
    assert read().failing == []
    office_id = fail_addresses(engine, letters)
    [line] = read().failing
    assert (line.office_id, line.held, line.goes_to) == (office_id, 5, "")
    assert line.failing == (line.email,)
    assert line.words == "The email address does not exist."


def test_all_are_tried_again(engine: Engine, ring: Ring, letters: list[int], read: Read) -> None:
    fail_addresses(engine, letters)
    assert try_failing_addresses(engine, ring) == 5
    found = read()
    assert (found.failing, found.counts.by_state[LetterState.QUEUED]) == ([], 10)


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ({"email": "new@practice.example"}, []),
        ({"second_email": "two@practice.example"}, ["two@practice.example"]),
        ({"email": "new@practice.example", "second_email": "two@practice.example"}, []),
    ],
)
def test_a_corrected_address_lets_letters_go(
    engine: Engine, ring: Ring, letters: list[int], read: Read, typed: dict[str, str], left: list[str]
) -> None:
    line = failing_line(engine, letters)
    assert correct_failing(engine, ring, line, {"email": line.email, "second_email": "", **typed}, ANNA) == 5
    assert [one.goes_to for one in read().failing] == left
    with engine.connect() as connection:
        wanted = typed.get("email", left[0] if left else "")
        assert set(connection.scalars(select(letter.c.recipient_email).where(letter.c.id.in_(letters[:5])))) == {wanted}


@pytest.mark.parametrize("typed", [{}, {"email": " "}, {"email": "nonsense"}, {"second_email": "nonsense"}])
def test_nothing_changes_without_another_address(
    engine: Engine, ring: Ring, letters: list[int], read: Read, typed: dict[str, str]
) -> None:
    line = failing_line(engine, letters)
    with pytest.raises(InputError) as refused:
        correct_failing(engine, ring, line, {"email": line.email.upper(), "second_email": "", **typed}, ANNA)
    assert set(refused.value.fields) == ({*typed} or {"email"})
    assert read().failing == [line]


def test_an_office_without_a_failing_address_is_none(engine: Engine, letters: list[int]) -> None:
    with pytest.raises(NotFound):
        find_mendable(engine, 1, 1)


def test_percent_never_flatters() -> None:
    cases = {(0, 0): "0 %", (0, 9): "0 %", (1, 1000): "under 1 %", (2, 7): "29 %", (999, 1000): "99 %", (7, 7): "100 %"}
    assert {case: percent(*case) for case in cases} == cases


def failing_line(engine: Engine, letters: list[int]) -> FailingAddress:
    return find_mendable(engine, 1, fail_addresses(engine, letters))
