"""Weighs what was typed against the streets found: which points may be meant, and when a person has to say. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.domain.addresses import ReadAddress


class Placed(Protocol):
    """Anything that lies in a city and a ZIP code area; either may be empty in the data."""

    @property
    def city_key(self) -> str:
        """The city's match key."""

    @property
    def zip(self) -> str:
        """Five digits."""


Row = TypeVar("Row", bound=Placed)


class Places(Protocol):
    """What is known about cities and ZIP codes."""

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """Pairs of city key and ZIP code that occur together."""

    def knows_city(self, city: str) -> bool:
        """True for the key of a city that occurs."""


@dataclass(frozen=True)
class Evidence(Generic[Row]):
    """`rows` that may be meant; `ask` when city and ZIP code contradict each other, so that none is taken unasked."""

    rows: tuple[Row, ...]
    ask: bool


def weigh(typed: ReadAddress, rows: Sequence[Row], known: Places) -> Evidence[Row]:
    """Rows for which city and ZIP code agree win; else one of them must agree and the other be no contradiction."""
    both = tuple(row for row in rows if _agrees(row, typed))
    if both:
        return Evidence(both, ask=False)
    by_zip = tuple(row for row in rows if typed.zip and row.zip == typed.zip)
    by_city = tuple(row for row in rows if typed.city and row.city_key == typed.city)
    if by_zip and by_city:
        return Evidence((*by_zip, *by_city), ask=True)
    if by_zip:
        return Evidence(by_zip, ask=_is_elsewhere(typed, known))
    return Evidence(by_city, ask=False)


def _agrees(row: Placed, typed: ReadAddress) -> bool:
    """Nothing typed contradicts the row, and something confirms it."""
    zip_agrees = not (typed.zip and row.zip) or row.zip == typed.zip
    city_agrees = not (typed.city and row.city_key) or row.city_key == typed.city
    confirmed = (typed.zip and row.zip == typed.zip) or (typed.city and row.city_key == typed.city)
    return bool(zip_agrees and city_agrees and confirmed)


def _is_elsewhere(typed: ReadAddress, known: Places) -> bool:
    """A village or a misspelt city says nothing against the ZIP code; a known city with other ZIP codes does."""
    return known.knows_city(typed.city) and (typed.city, typed.zip) not in known.places
