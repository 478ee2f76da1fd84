"""Whether visitors look alike: then a web server in front of us names itself instead, and they share one limit."""

from collections import Counter
from collections.abc import Sequence

from shared.domain.client_addresses import is_private, read_address
from shared.domain.findings import Finding
from shared.domain.identities import source_hash

_PRIVATE = "private-"
_MARK_CHARACTERS = 12
# So many visitors for each network are suspicious, and fewer visitors in all say nothing.
_VISITORS_OF_A_NETWORK = 50
_NEARLY_ALL = 0.9
_NAME = "visitors"
_ADVICE = (
    "Set DEARREP_TRUSTED_PROXIES to the number of web servers and CDNs in front of Dear Rep, each of which must add "
    "the visitor's address to X-Forwarded-For (docs/operations.md, “Web servers and CDNs”). If these people really are "
    "on one network, such as a campus, raise DEARREP_NETWORK_LIMIT for the day."
)


def visitor_mark(secret: str, address: str) -> str:
    """The same for all visitors of a network, and says whether it is a private one; a keyed hash, no address."""
    known = read_address(address)
    is_local = known is None or is_private(known)
    return f"{_PRIVATE if is_local else ''}{source_hash(secret, address)[:_MARK_CHARACTERS]}"


def visitor_finding(marks: Sequence[str]) -> Finding:
    """What the marks of the last visitors tell."""
    seen, networks = len(marks), Counter(marks)
    if seen < _VISITORS_OF_A_NETWORK:
        return Finding(_NAME, f"too few to compare their addresses: {seen} since the pages were started")
    told = f"of the last {seen:,} people who filled in the form"
    private = sum(mark.startswith(_PRIVATE) for mark in marks)
    if private >= _NEARLY_ALL * seen:
        words = f"{private:,} {told} seem to have private addresses, so they share the limits of one network"
        return Finding(_NAME, words, _ADVICE)
    busiest = networks.most_common(seen // _VISITORS_OF_A_NETWORK)
    alike = sum(count for _, count in busiest)
    if alike >= _NEARLY_ALL * seen:
        source = "one network" if len(busiest) == 1 else f"only {len(busiest)} networks"
        return Finding(_NAME, f"{alike:,} {told} seem to come from {source}, so they share its limits", _ADVICE)
    return Finding(_NAME, f"the last {seen:,} came from {len(networks):,} networks")
