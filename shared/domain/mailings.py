"""One email for each person of a campaign: an update, or the news that the campaign was won."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MailingState(StrEnum):
    """`stopped` by an organizer, or because the campaign is not won any more; `failed` after too many errors."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Mailing:
    """How far the emails of a mailing are prepared. `people` is None until they are counted.

    `is_delayed` while an error keeps the workers from going on.
    """

    number: int
    state: MailingState
    people: int | None
    prepared: int
    began_at: datetime
    is_delayed: bool = False

    @property
    def is_running(self) -> bool:
        """True while a worker prepares emails."""
        return self.state is MailingState.RUNNING

    def minutes_left(self, at: datetime) -> int | None:
        """Whole minutes, at least 1; None while that can't be told."""
        seconds = (at - self.began_at).total_seconds()
        if not self.people or not self.prepared or seconds <= 0:
            return None
        return max(1, round((self.people - self.prepared) * seconds / self.prepared / 60))
