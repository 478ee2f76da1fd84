"""Where a request comes from, for limits only: it is never logged, and never stored as it is."""

from flask import request

from shared.domain.client_addresses import client_of, read_address
from web.context import here

# What web servers and CDNs add to a request that they pass on.
_FORWARDING = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip", "Via")


def client_address() -> str:
    """The visitor's address, as far as we can trust the web servers in front of us to name it."""
    return client_of(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), here().proxies)


def is_from_this_machine() -> bool:
    """True for a program on this machine that asks us directly, where the pages are for this machine only."""
    if not here().given.is_for_this_machine:
        return False
    peer = read_address(request.remote_addr or "")
    return peer is not None and peer.is_loopback and not any(name in request.headers for name in _FORWARDING)
