"""Exports: files that organizers ask for, workers make in pieces, and a link gives out for a day."""

from shared.services.exports.making import delete_old_exports, exports_are_due, make_exports
from shared.services.exports.requests import (
    ExportPage,
    File,
    ask_export,
    delete_export,
    file_link,
    open_export,
    read_exports,
)

__all__ = [
    "ExportPage",
    "File",
    "ask_export",
    "delete_export",
    "delete_old_exports",
    "exports_are_due",
    "file_link",
    "make_exports",
    "open_export",
    "read_exports",
]
