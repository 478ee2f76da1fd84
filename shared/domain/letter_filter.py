"""Which letters of a campaign a page or an action is about, as it stands in the page's address."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Self

from shared.domain.integers import parse_integer
from shared.domain.problems import Problem
from shared.domain.states import LetterState


@dataclass(frozen=True)
class LetterFilter:
    """Everything that is set must be true of a letter; nothing set means all of them.

    `needs` are those that need attention, `test` is True for test letters, False for real ones, None for both.
    """

    state: LetterState | None = None
    needs: bool = False
    problem: Problem | None = None
    office: int | None = None
    domain: str = ""
    test: bool | None = None
    search: str = ""

    @property
    def is_empty(self) -> bool:
        """True when it leaves nothing out."""
        return self == EVERY_LETTER

    @property
    def is_plain(self) -> bool:
        """True when only a state and words are asked for."""
        return self == LetterFilter(state=self.state, search=self.search)

    def but(self, **changes: object) -> Self:
        """The same with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def in_address(self) -> dict[str, str]:
        """As parameters of an address; `read_filter` reads them back."""
        kinds = {None: "", True: "yes", False: "no"}
        values = {
            "state": self.state or "",
            "needs": "yes" if self.needs else "",
            "problem": self.problem or "",
            "office": str(self.office or ""),
            "domain": self.domain,
            "test": kinds[self.test],
            "q": self.search,
        }
        return {name: str(value) for name, value in values.items() if value}


EVERY_LETTER = LetterFilter()


@dataclass(frozen=True)
class Choice:
    """Letters of a campaign: these `ids`, or all that a filter means. Those that changed after `as_of` are left out."""

    campaign_id: int
    wanted: LetterFilter = EVERY_LETTER
    ids: tuple[int, ...] = ()
    as_of: datetime | None = None


_NAMES = tuple(one.name if one.name != "search" else "q" for one in fields(LetterFilter))


def read_filter(values: dict[str, str]) -> LetterFilter:
    """What such parameters say; whatever makes no sense is left out."""
    typed = {name: values.get(name, "") for name in _NAMES}
    return LetterFilter(
        state=LetterState(typed["state"]) if typed["state"] in set(LetterState) else None,
        needs=typed["needs"] == "yes",
        problem=Problem(typed["problem"]) if typed["problem"] in set(Problem) else None,
        office=parse_integer(typed["office"], least=1),
        domain=typed["domain"].replace("\x00", "").strip().lower()[:255],
        test={"yes": True, "no": False}.get(typed["test"]),
        search=typed["q"].replace("\x00", "")[:100],
    )
