"""From a home address to the offices that represent it, or to a question, or to plain words why not."""

from shared.services.lookup.finder import LookupDesk, has_real_directory, look_up, open_desk

__all__ = ["LookupDesk", "has_real_directory", "look_up", "open_desk"]
