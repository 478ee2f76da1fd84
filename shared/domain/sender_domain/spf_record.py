"""Reads SPF records (RFC 7208) far enough to say whether a server may send, and whether receivers can read them."""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from shared.domain.dns_answers import Ask

# More than so many terms that ask DNS, and receivers give up.
LOOKUP_LIMIT = 10
_DEPTH = 8


@dataclass
class Spf:
    """What following a domain's record showed. `problem` is why receivers can't use it."""

    records: tuple[str, ...] = ()
    lookups: int = 0
    includes: set[str] = field(default_factory=set)
    is_silent: bool = False
    problem: str = ""

    @property
    def ending(self) -> str:
        """`-all`, `~all`, `?all`, `+all`; "redirect" or "" without any."""
        for term in self.records[0].lower().split()[1:] if self.records else ():
            if term.lstrip("+-~?") == "all":
                return term if term[0] in "+-~?" else f"+{term}"
        return "redirect" if self.records and "redirect=" in self.records[0].lower() else ""


def spf_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Those TXT records of a name that are SPF."""
    return tuple(text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 "))


def read_spf(ask: Ask, domain: str, addresses: tuple[str, ...] = ()) -> tuple[Spf, bool]:
    """The record, followed; and whether it lets all of the `addresses` send (False without any)."""
    spf = Spf()
    passed = _walk(ask, domain, addresses, spf, 0)
    spf.records = spf_records(ask(domain, "TXT").values)
    if len(spf.records) > 1:
        spf.problem = "There are several SPF records, so receivers ignore all of them. Keep one."
    elif spf.lookups > LOOKUP_LIMIT:
        spf.problem = f"Following it takes {spf.lookups} look-ups in DNS; receivers stop after {LOOKUP_LIMIT}."
    return spf, bool(addresses) and set(addresses) <= passed


def with_term(record: str, term: str) -> str:
    """The record with one more term, before the one that ends it."""
    terms = record.split()
    at = next((i for i, one in enumerate(terms) if one.lower().lstrip("+-~?") == "all"), len(terms))
    return " ".join([*terms[:at], term, *terms[at:]])


def _walk(ask: Ask, domain: str, addresses: tuple[str, ...], spf: Spf, depth: int) -> set[str]:
    """Those of the addresses that the domain's record lets send."""
    answer = ask(domain, "TXT")
    spf.is_silent |= answer.is_silent
    records = spf_records(answer.values)
    if len(records) != 1 or depth > _DEPTH:
        if depth and not answer.is_silent:
            spf.problem = spf.problem or f"It includes {domain}, which has no SPF record of its own."
        return set()
    passed: set[str] = set()
    decided: set[str] = set()
    for term in records[0].split()[1:]:
        hits = _matching(ask, domain, term, addresses, spf, depth) - decided
        decided |= hits
        if term[0] not in "-~?":
            passed |= hits
    return passed


def _matching(ask: Ask, domain: str, term: str, addresses: tuple[str, ...], spf: Spf, depth: int) -> set[str]:
    """Those of the addresses that the term is about."""
    name, separator, value = term.lstrip("+-~?").partition("=" if term.lower().startswith("redirect=") else ":")
    name = name.lower()
    if name == "all":
        return set(addresses)
    if name in ("ip4", "ip6"):
        return {one for one in addresses if _within(one, value, spf)}
    host, _, length = (value if separator else name).partition("/")
    name = name.partition("/")[0]
    if name not in ("include", "redirect", "a", "mx", "exists", "ptr"):
        return set()
    spf.lookups += 1
    if "%" in host or name in ("exists", "ptr") or spf.lookups > LOOKUP_LIMIT:
        return set()
    if name in ("include", "redirect"):
        spf.includes.add(host.lower().rstrip("."))
        return _walk(ask, host, addresses, spf, depth + 1)
    hosts = [host if separator else domain]
    if name == "mx":
        answer = ask(hosts[0], "MX")
        spf.is_silent |= answer.is_silent
        hosts = [one.split()[-1] for one in answer.values[:LOOKUP_LIMIT]]
    found = [ip for one in hosts for kind in ("A", "AAAA") for ip in ask(one, kind).values]
    nets = [f"{ip}/{length}" if length.isdecimal() and ":" not in ip else ip for ip in found]
    return {one for one in addresses if any(_within(one, net, spf) for net in nets)}


def _within(address: str, net: str, spf: Spf) -> bool:
    try:
        return ip_address(address) in ip_network(net, strict=False)
    except ValueError:
        spf.problem = spf.problem or f"“{net}” in it is no network address."
        return False
