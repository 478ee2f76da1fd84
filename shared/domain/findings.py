"""What one check of the installation saw."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`name` is the part that was checked; `advice` is empty when all is well."""

    name: str
    words: str
    advice: str = ""

    @property
    def is_ok(self) -> bool:
        """True when nothing is to be done."""
        return not self.advice
