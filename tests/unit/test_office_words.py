"""Districts in their order, names that are one person's, the day in an office's own state."""

from datetime import UTC, date, datetime

import pytest

from shared.domain.office_changes import is_suspicious, local_day
from shared.domain.office_words import district_order
from shared.domain.person_names import is_same_person, split_name


def test_districts_are_in_the_order_in_which_people_look_for_them() -> None:
    wanted = ["Barnstable, Dukes and Nantucket", "2nd Essex", "10th Essex", "Second Suffolk", "Twenty-First Worcester"]
    assert sorted(sorted(wanted), key=district_order) == wanted
    assert sorted(["10", "9", "1A"], key=district_order) == ["9", "10", "1A"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Bob Lee", "Robert E. Lee", True),
        ("José Núñez", "Jose Nunez", True),
        ("Ana O'Brien, Jr.", "Ana O’Brien", True),
        ("Ana Lee", "Ana Lane", False),
        ("", "", False),
    ],
)
def test_the_family_name_tells_within_one_seat(one: str, other: str, is_same: bool) -> None:
    assert is_same_person(one, other) is is_same


def test_names_are_taken_apart_for_letters() -> None:
    assert split_name("Ana Maria Lee, Jr.") == ("Ana", "Lee")
    assert split_name("Cher") == ("", "Cher")


def test_a_day_begins_at_a_states_own_midnight() -> None:
    moment = datetime(2027, 1, 6, 6, tzinfo=UTC)
    days = {code: local_day(code, moment) for code in ("ma", "IL", "CA", "HI", "GU")}
    assert days == {
        "ma": date(2027, 1, 6),
        "IL": date(2027, 1, 6),
        "CA": date(2027, 1, 5),
        "HI": date(2027, 1, 5),
        "GU": date(2027, 1, 6),
    }


@pytest.mark.parametrize(("gone", "before", "is_so"), [(20, 200, False), (21, 200, True), (1, 5, True), (0, 0, False)])
def test_more_than_a_tenth_is_suspicious(gone: int, before: int, is_so: bool) -> None:
    assert is_suspicious(gone, before) is is_so
