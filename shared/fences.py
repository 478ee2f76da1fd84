"""How settings say what a stranger may do, how quickly, and how long data are kept: read here, checked at the start."""

from limits import RateLimitItem, parse

OFF = "off"


def read_limit(text: str) -> RateLimitItem | None:
    """`300 per 10 minutes`; None for `off`. Raises ValueError with what it should look like."""
    if text.casefold() == OFF:
        return None
    try:
        return parse(text)
    except ValueError:
        raise ValueError(f"“{text}” is no limit such as “300 per 10 minutes”, nor “{OFF}”") from None


def read_number(text: str) -> float:
    """A number that is not negative; raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"“{text}” is no number of 0 or more")
    return number
