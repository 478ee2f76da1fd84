"""The one door for outgoing HTTP: every call has a timeout, retries are for what may be repeated, errors are ours.

Nothing here knows which service it talks to. Error texts name the host only: paths and parameters may be personal.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from shared.clock import now
from shared.errors import Permanent, Retryable, Throttled

CONNECT_TIMEOUT_S = 5.0
# Between two pieces of an answer, not for the whole of it.
READ_TIMEOUT_S = 30.0
# The same for a small answer, and for the whole of it, so that one that drips in byte by byte ends too.
JSON_READ_TIMEOUT_S = 10.0
JSON_WHOLE_S = 15.0
# A hundred times what a geocoder answers.
MOST_JSON_BYTES = 2_000_000
# A service that asks for more is asked again all the same: people are waiting.
LONGEST_WISH_S = 3_600.0
ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0
_CHUNK_BYTES = 16 * 1024
# Digits of a wish in seconds that are read; more would be years.
_WISH_DIGITS = 9
_USER_AGENT = "DearRep/0.1 (self-hosted letters to legislators)"
_TRY_LATER = frozenset({408, 425, 500, 502, 503, 504})

Result = TypeVar("Result")


def get_json(url: str, *, params: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Any:
    """The decoded answer of one GET, tried once: the caller decides on retries, since it may have another source.

    A redirect is not followed, because parameters may be personal and are meant for this server only.
    """
    body = get_bytes(url, params=params, headers=headers)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Retryable(f"{host(url)} sent something that is not JSON.") from error


def get_bytes(url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A small answer of one GET, tried once, without redirects."""
    with request(
        url,
        params=params or {},
        headers=headers or {},
        read_timeout_s=JSON_READ_TIMEOUT_S,
        stream=True,
        redirects=False,
    ) as response:
        return _read_small(response, url)


def _read_small(response: requests.Response, url: str) -> bytes:
    """The body as it arrives, as long as it is neither large nor late."""
    body, ends = bytearray(), time.monotonic() + JSON_WHOLE_S
    while piece := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        body += piece
        if len(body) > MOST_JSON_BYTES:
            raise Retryable(f"{host(url)} sent more than {MOST_JSON_BYTES} bytes.")
        if time.monotonic() > ends:
            raise Retryable(f"{host(url)} did not answer in time.")
    return bytes(body)


def get_text(url: str, *, first_pause_s: float = FIRST_PAUSE_S) -> str:
    """A small page, tried several times."""
    return retrying(lambda: _read_text(url), first_pause_s)


def _read_text(url: str) -> str:
    with request(url, params={}, headers={}, read_timeout_s=READ_TIMEOUT_S) as response:
        return response.text


def retrying(call: Callable[[], Result], first_pause_s: float, attempts: int = ATTEMPTS) -> Result:
    """What a call that may be repeated gives at last; its last error when it always fails for now."""
    wait = wait_exponential_jitter(multiplier=first_pause_s, max=_LONGEST_PAUSE_S, jitter=first_pause_s)
    retry = retry_if_exception_type(Retryable)
    return Retrying(stop=stop_after_attempt(attempts), wait=wait, retry=retry, reraise=True)(call)


@contextmanager
def request(
    url: str,
    *,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    read_timeout_s: float,
    stream: bool = False,
    redirects: bool = True,
) -> Iterator[requests.Response]:
    """A GET whose failures, also while reading, are errors of ours."""
    try:
        with requests.get(
            url,
            params=dict(params),
            headers={"User-Agent": _USER_AGENT, **headers},
            timeout=(CONNECT_TIMEOUT_S, read_timeout_s),
            stream=stream,
            allow_redirects=redirects,
        ) as response:
            _check(response, url)
            yield response
    except (requests.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
        raise Retryable(f"{host(url)} did not answer in time.") from error
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as error:
        raise Permanent("This is not an address that can be fetched.") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Retryable(f"The connection to {host(url)} failed.") from error


def _check(response: requests.Response, url: str) -> None:
    status = response.status_code
    if response.is_redirect:
        raise Retryable(f"{host(url)} sends to another address, which is not followed.")
    if status < requests.codes.bad_request:
        return
    wish = _wish(response.headers.get("Retry-After", ""))
    if status == requests.codes.too_many_requests or (status in _TRY_LATER and wish is not None):
        raise Throttled(f"{host(url)} asks to wait.", wish)
    if status in _TRY_LATER:
        raise Retryable(f"{host(url)} answered with error {status}.")
    raise Permanent(f"{host(url)} answered with error {status}.")


def _wish(text: str) -> float | None:
    """Seconds from `Retry-After`, which gives seconds or a date; None when it gives neither."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:_WISH_DIGITS]), LONGEST_WISH_S)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now().timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WISH_S)


def host(url: str) -> str:
    """The server's name, for error texts."""
    return urlsplit(url).hostname or "the server"
