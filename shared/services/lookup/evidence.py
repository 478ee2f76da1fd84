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

    def village_zips(self, city: str) -> frozenset[str]:
        """The ZIP codes of a village by its city key; empty for anything else."""


@dataclass(frozen=True)
class Evidence(Generic[Row]):
    """`rows` that may be meant; `ask` when city and ZIP code contradict each other, so that none is taken unasked."""

    rows: tuple[Row, ...]
    ask: bool


def zips_to_search(typed: ReadAddress, known: Places) -> list[str]:
    """The ZIP codes in which the street may lie, as typed and as the village says; empty when only a city is known."""
    return sorted(known.village_zips(typed.city) | ({typed.zip} if typed.zip else frozenset()))


def weigh(typed: ReadAddress, rows: Sequence[Row], known: Places) -> Evidence[Row]:
    """Rows for which city and ZIP code agree win; else one of them must agree and the other be no contradiction."""
    village = known.village_zips(typed.city)
    both = tuple(row for row in rows if _agrees(row, typed, village))
    if both:
        return Evidence(both, ask=False)
    by_zip = tuple(row for row in rows if typed.zip and row.zip == typed.zip)
    by_city = tuple(row for row in rows if _is_in_city(row, typed, village))
    if by_zip and by_city:
        return Evidence((*by_zip, *by_city), ask=True)
    if by_zip:
        return Evidence(by_zip, ask=_is_elsewhere(typed, village, known))
    return Evidence(by_city, ask=False)


def _is_in_city(row: Placed, typed: ReadAddress, village: frozenset[str]) -> bool:
    return bool(typed.city and row.city_key == typed.city) or row.zip in village


def _agrees(row: Placed, typed: ReadAddress, village: frozenset[str]) -> bool:
    """Nothing typed contradicts the row, and something confirms it."""
    in_city = _is_in_city(row, typed, village)
    zip_agrees = not (typed.zip and row.zip) or row.zip == typed.zip
    city_agrees = in_city or not (typed.city and row.city_key)
    return zip_agrees and city_agrees and (in_city or bool(typed.zip and row.zip == typed.zip))


def _is_elsewhere(typed: ReadAddress, village: frozenset[str], known: Places) -> bool:
    """A misspelt city says nothing against the ZIP code; a known city or village with other ZIP codes does."""
    if known.knows_city(typed.city):
        return (typed.city, typed.zip) not in known.places
    return bool(village) and typed.zip not in village
