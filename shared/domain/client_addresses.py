"""Which address a request comes from, and which network it belongs to, by text that strangers may have written."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from shared.fences import MOST_HOPS, TrustedProxies

Address = IPv4Address | IPv6Address
# What is read of a header, from its end, where the nearest servers write: more than ten servers' entries.
_MOST_CHARACTERS = 1_000
# The longest IPv6 address with brackets, a zone and a port.
_LONGEST_ENTRY = 100
_PORT = re.compile(r"(?:\[(?P<six>[^]]{2,64})\]|(?P<four>[0-9.]{7,15}))(?::[0-9]{1,5})?", re.ASCII)
_LOCAL = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
# A carrier's customers share it, so it can't be trusted like a private network.
_CARRIER = ip_network("100.64.0.0/10")
_NAT64 = IPv6Network("64:ff9b::/96")
# Leading bits by IP version: a visitor with one address of such a network easily gets the others.
_NETWORK_BITS = {4: 24, 6: 64}


def read_address(text: str) -> Address | None:
    """An address as servers write it, also with a port, a zone, brackets or quotes; None for anything else."""
    if len(text) > _LONGEST_ENTRY:
        return None
    text = text.strip(' \t"')
    if found := _PORT.fullmatch(text):
        text = found["six"] or found["four"]
    try:
        known = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A server that listens for both kinds writes IPv4 addresses as IPv6.
    return (known.ipv4_mapped or known) if isinstance(known, IPv6Address) else known


def is_neighbor(address: Address) -> bool:
    """True for this machine and for private networks, where a web server of ours may be."""
    return any(address in network for network in _LOCAL)


def is_private(address: Address) -> bool:
    """True for addresses that visitors from the internet can't have."""
    return is_neighbor(address) or address in _CARRIER


def client_of(peer: str, forwarded: str, proxies: TrustedProxies) -> str:
    """The visitor's address: the connection's own, or the one that the farthest trusted server wrote.

    Each server appends the address that it was asked from, so entries are read from the right; what visitors write
    themselves is further left. An entry that is not an address counts for the server that wrote it.
    """
    client, entries = read_address(peer), _entries(forwarded)
    if proxies.hops is not None:
        for entry in entries[: proxies.hops]:
            client = read_address(entry) or client
        return str(client or peer)
    is_trusted = client is not None and (is_neighbor(client) or _is_listed(client, proxies))
    for entry in entries:
        found = read_address(entry) if is_trusted else None
        if found is None:
            break
        client, is_trusted = found, _is_listed(found, proxies)
    return str(client or peer)


def network_of(address: Address) -> str:
    """The network for limits. An address within a tunnel belongs to the IPv4 network at the tunnel's end."""
    if isinstance(address, IPv6Address):
        address = _tunnel_end(address) or address
    bits = int(address) >> (address.max_prefixlen - _NETWORK_BITS[address.version])
    return f"{address.version}/{bits}"


def _entries(forwarded: str) -> list[str]:
    """The last entries, from the right. Of a long header no more is looked at."""
    entries = forwarded[-_MOST_CHARACTERS:].split(",")
    if len(forwarded) > _MOST_CHARACTERS:
        # Its beginning is cut off.
        del entries[0]
    return entries[: -MOST_HOPS - 1 : -1]


def _is_listed(address: Address, proxies: TrustedProxies) -> bool:
    return any(address in network for network in proxies.networks)


def _tunnel_end(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address in a 6to4, Teredo or NAT64 address: one of those comes with thousands of IPv6 networks."""
    if address.teredo:
        return address.teredo[1]
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address.sixtofour
