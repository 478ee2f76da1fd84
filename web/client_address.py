"""Where a request comes from, for limits only: it is never logged, and never stored as it is."""

from ipaddress import IPv6Address, ip_address

from flask import request


def client_address() -> str:
    """The browser's address: the connection's, or what the web server before us wrote last when that one is near.

    A stranger can't choose it: they are not near, or the near server's own entry comes after theirs.
    """
    peer = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded if forwarded and is_near(peer) else peer


def is_near(address: str) -> bool:
    """True for this machine and for private networks."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    # A server that listens for both kinds writes IPv4 addresses as IPv6.
    if isinstance(known, IPv6Address):
        known = known.ipv4_mapped or known
    return not known.is_global
