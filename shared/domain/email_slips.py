"""Slips of the finger in the big mail services' names: a question, never a correction of ours."""

from rapidfuzz.distance import OSA

# The big ones and how they end.
_SERVICES = {
    "gmail": "com",
    "yahoo": "com",
    "hotmail": "com",
    "outlook": "com",
    "icloud": "com",
    "aol": "com",
    "comcast": "net",
    "verizon": "net",
}
# Names as short as this are one letter away from many others.
_SHORT = 3
# One letter away from one of the above, and real. (Others, such as ymail.com, differ in their first letter.)
_REAL = frozenset({"gail.com", "grail.com", "outbook.com"})


def is_big_service(domain: str) -> bool:
    """True where strangers share a mail domain: it says nothing about who writes."""
    label, _, end = domain.casefold().partition(".")
    return _SERVICES.get(label) == end


def likely_meant(email: str) -> str | None:
    """The address with the service's right name, when this one looks like a slip of it; None for any other."""
    name, _, domain = email.rpartition("@")
    domain = domain.casefold()
    if not name or "@" in name or domain in _REAL:
        return None
    label, _, end = domain.partition(".")
    for service, right in _SERVICES.items():
        if (label, end) != (service, right) and _is_like(label, service) and OSA.distance(end, right) <= 1:
            return f"{name}@{service}.{right}"
    return None


def _is_like(label: str, service: str) -> bool:
    """At most one slip. The first letter is seldom one, unless it changed places with the next."""
    if OSA.distance(label, service) > 1:
        return False
    is_same_letters = sorted(label) == sorted(service)
    return is_same_letters or (len(service) > _SHORT and label[:1] == service[0])
