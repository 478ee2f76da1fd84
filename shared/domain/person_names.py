"""Whether two names are one person's, in one seat: files write middle names and nicknames as they like."""

from shared.domain.street_names import fold

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


def split_name(name: str) -> tuple[str, str]:
    """Given and family name as letters use them: `Ana Maria Lee, Jr.` -> `Ana`, `Lee`."""
    words = name.replace(",", " ").split()
    plain = [word for word in words if fold(word).replace(".", "") not in _SUFFIXES] or words
    return (plain[0], plain[-1]) if len(plain) > 1 else ("", name.strip())


def is_same_person(one: str, other: str) -> bool:
    """Among those who may hold one seat the family name tells: `Bob Lee` and `Robert E. Lee`."""
    return bool(one and other) and fold(split_name(one)[1]) == fold(split_name(other)[1])
