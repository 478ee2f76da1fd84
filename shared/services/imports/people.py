"""A person of a roster, as a value."""

from dataclasses import dataclass

from shared.domain.places import Chamber

DETAILS = ("name", "given_name", "family_name", "party", "email", "phone", "postal_address")


@dataclass(frozen=True)
class Person:
    """One line of the roster; `details` by DETAILS."""

    chamber: Chamber
    district: str
    person_id: str
    details: dict[str, str]
