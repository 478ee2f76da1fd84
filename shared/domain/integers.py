"""Integers in text from outside: ASCII digits only, within bounds, and never more digits than the bound has.

`int` alone takes digits of every alphabet, and raises for more than 4,300 of them; `str.isdigit` is true for `²`.
"""

# The largest number of a row: PostgreSQL's bigint.
MAX_ID = 2**63 - 1


def parse_integer(typed: str, *, least: int = 0, most: int = MAX_ID) -> int | None:
    """The number that is written, None for anything that is not an integer from `least` to `most`."""
    if not (len(typed) <= len(str(most)) and typed.isascii() and typed.isdecimal()):
        return None
    number = int(typed)
    return number if least <= number <= most else None
