"""What decides about letters, with their offices as they are today: the same for the look before and for the deed."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from shared.db import office_addresses, targets
from shared.domain.bulk import Facts
from shared.domain.places import Office
from shared.domain.states import LetterState


@dataclass(frozen=True)
class Today:
    """Offices by id and addresses by holder, as they are in this transaction."""

    offices: dict[int, Office]
    addresses: dict[int, tuple[str, str]]

    def facts(self, row: RowMapping, *, is_written: bool, is_erased: bool) -> Facts:
        """Of a letter, or of several that are alike."""
        office = self.offices.get(row["office_id"])
        address, second = self.addresses.get(office.holder_id or 0, ("", "")) if office else ("", "")
        is_for_today = is_written and office is not None and office.holder_id == row["office_holder_id"]
        missing = "" if is_for_today else _missing(office)
        return Facts(LetterState(row["state"]), row["cause"], is_erased, not missing, missing, address, second)


def read_today(connection: Connection, rows: Iterable[RowMapping]) -> Today:
    """What is known of the offices of these letters."""
    known = list(rows)
    offices = targets.offices_today(connection, sorted({row["office_id"] for row in known})) if known else {}
    holders = [office.holder_id for office in offices.values() if office.holder_id is not None]
    return Today(offices, office_addresses.working_addresses(connection, holders) if known else {})


def _missing(office: Office | None) -> str:
    """Why nobody can be written to; empty when somebody can."""
    if office is None or office.holder_id is None:
        return "wait for a seat that nobody holds"
    return "" if office.email else "go to an office without an email address that works"
