"""How settings say what a stranger may do, how quickly, and how long data are kept: read here, checked at the start."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from limits import RateLimitItem, parse

OFF = "off"
# A larger number of servers is a typing slip.
MOST_HOPS = 10


@dataclass(frozen=True)
class TrustedProxies:
    """The web servers in front of us whose entries in `X-Forwarded-For` count: how many they are, or their networks.

    `hops` None and no networks: one server, on this machine or in a private network.
    """

    hops: int | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()


def read_limit(text: str) -> RateLimitItem | None:
    """`300 per 10 minutes`; None for `off`. Raises ValueError with what it should look like."""
    if text.casefold() == OFF:
        return None
    try:
        return parse(text)
    except ValueError:
        raise ValueError(f"“{text}” is not a limit such as “300 per 10 minutes”, or “{OFF}”") from None


def read_number(text: str) -> float:
    """A number that is not negative; raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"“{text}” is not a number of 0 or more")
    return number


def read_proxies(text: str) -> TrustedProxies:
    """`2`, or `10.0.0.0/8, 2001:db8::/32`; raises ValueError that names the wrong part."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and parts[0].isdecimal():
        if len(parts[0]) > len(str(MOST_HOPS)) or int(parts[0]) > MOST_HOPS:
            raise ValueError(f"“{parts[0]}” is more than {MOST_HOPS} servers")
        return TrustedProxies(hops=int(parts[0]))
    return TrustedProxies(networks=tuple(_read_network(part) for part in parts))


def _read_network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"“{text}” is neither a number of servers nor a network such as 10.0.0.0/8") from None
    if not network.prefixlen:
        raise ValueError(f"“{text}” would trust every visitor to name their own address")
    return network
