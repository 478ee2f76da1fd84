"""Launch rehearsals: a supporter in every district, through lookup, version, rendering and a sink. Makes no letters."""

from shared.services.rehearsal.run import (
    RehearsalPage,
    ask_rehearsal,
    read_rehearsals,
    rehearsals_are_due,
    run_rehearsals,
)

__all__ = ["RehearsalPage", "ask_rehearsal", "read_rehearsals", "rehearsals_are_due", "run_rehearsals"]
