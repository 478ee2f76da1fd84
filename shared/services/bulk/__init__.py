"""What organizers do with many letters at once: looked at first, done batch by batch, taken back where it can be."""

from shared.services.bulk.ask import ask_change, list_changes, read_change, require_own, undo_change
from shared.services.bulk.preview import Preview, preview_change
from shared.services.bulk.work import changes_are_due, delete_old_changes, work_on_changes

__all__ = [
    "Preview",
    "ask_change",
    "changes_are_due",
    "delete_old_changes",
    "list_changes",
    "preview_change",
    "read_change",
    "require_own",
    "undo_change",
    "work_on_changes",
]
