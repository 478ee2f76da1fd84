"""Refuses requests whose `Host` header names a site that is not ours.

A domain that an attacker points at this server would otherwise count as our own origin (DNS rebinding). IP addresses
of this machine and of private networks are trusted, because no domain can pretend to be one: a proxy that doesn't
pass the visitor's host on sends such an address.
"""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from flask import Flask, abort, request

_LOG = structlog.get_logger()
# Load balancers and Prometheus ask by whatever name or address they know.
_FOR_MONITORING = frozenset({"health", "metrics"})
# A domain name has at most 253 characters; longer headers are not worth remembering.
_LONGEST_HOST = 270
_REMEMBERED_HOSTS = 256


def install(app: Flask, public_url: str) -> None:
    """Trusts the public URL's host on every port, and local addresses."""
    public_host = _ascii_host(urlsplit(public_url).hostname or "")

    @lru_cache(_REMEMBERED_HOSTS)
    def is_trusted(host: str) -> bool:
        hostname = _hostname(host)
        return hostname in {public_host, "localhost"} or _is_local_address(hostname)

    def refuse_foreign_hosts() -> None:
        host = request.host
        if request.blueprint in _FOR_MONITORING or (len(host) <= _LONGEST_HOST and is_trusted(host)):
            return
        _LOG.warning("request.untrusted_host")
        abort(400)

    app.before_request(refuse_foreign_hosts)


def _hostname(host: str) -> str:
    """The name or address without port, as browsers write it."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _ascii_host(hostname: str) -> str:
    """Browsers send names with other letters in Punycode."""
    try:
        return hostname.encode("idna").decode()
    except UnicodeError:
        return hostname


def _is_local_address(hostname: str) -> bool:
    try:
        return not ip_address(hostname).is_global
    except ValueError:
        return False
