"""Whether an answer comes from the office that it answers for."""

import pytest

from shared.domain.receipts import Answer


@pytest.mark.parametrize(
    ("author", "office", "is_office"),
    [
        ("sam.aide@house.example", "ana.ruiz@house.example", True),
        ("sam.aide@Office.House.example", "ana.ruiz@house.example", True),
        ("sam.aide@house.example", "ana.ruiz@mail.house.example", True),
        ("sam.aide@senate.state.gov", "ana.ruiz@house.state.gov", True),
        ("sam.aide@senate.state.tx.us", "ana.ruiz@house.state.tx.us", True),
        ("reporter@paper.example", "ana.ruiz@house.example", False),
        ("someone@other.gov", "ana.ruiz@house.gov", False),
        ("someone@shop.co.uk", "ana.ruiz@house.co.uk", False),
        # Strangers share the domains of the big mail services.
        ("someone@gmail.com", "ana.ruiz@gmail.com", False),
        ("Ana.Ruiz@gmail.com", "ana.ruiz@gmail.com", True),
        ("", "ana.ruiz@house.example", False),
    ],
)
def test_who_writes_for_an_office(author: str, office: str, is_office: bool) -> None:
    answer = Answer("", "elsewhere@paper.example" if author else "", "Re", "Yes.", writer=author)
    assert answer.is_from(office) is is_office
