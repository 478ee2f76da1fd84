"""From a home address to the offices that represent it, or to a question, or to plain words why not."""

from shared.services.lookup.finder import has_real_directory, look_up, look_up_many

__all__ = ["has_real_directory", "look_up", "look_up_many"]
