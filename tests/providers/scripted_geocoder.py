"""A geocoder on loopback that answers in Nominatim's and Photon's forms, and falls ill on demand."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HUGE_BYTES = 50_000_000
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class House:
    """An address as the service knows it."""

    number: str
    street: str
    city: str
    state: str
    zip: str
    lat: float
    lon: float


@dataclass
class ScriptedGeocoder:
    """Answers every question with `houses`, unless a `fault` answers in their place."""

    houses: list[House] = field(default_factory=list)
    fault: "Callable[[Reply], None] | None" = None
    url: str = ""
    paths: list[str] = field(default_factory=list)
    bytes_sent: int = 0


class Reply(BaseHTTPRequestHandler):
    """One answer; faults write what they like."""

    protocol_version = "HTTP/1.1"
    geocoder: ScriptedGeocoder

    def log_message(self, *_args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self.geocoder.paths.append(self.path)
        with contextlib.suppress(ConnectionError):  # the client may have given up
            (self.geocoder.fault or Reply.healthy)(self)

    def healthy(self) -> None:
        """The houses in the form of the path that was asked."""
        self.send(200, self.body())

    def body(self) -> bytes:
        """The healthy answer's bytes."""
        make = _nominatim if self.path.startswith("/search") else _photon
        return json.dumps(make(self.geocoder.houses)).encode()

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, length: int = -1) -> None:
        """A whole answer; `length` in bytes is what it claims to be."""
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        self.write(body)

    def write(self, piece: bytes) -> None:
        """A piece of the body."""
        self.wfile.write(piece)
        self.geocoder.bytes_sent += len(piece)


def _nominatim(houses: list[House]) -> list[dict[str, object]]:
    return [
        {
            "lat": str(house.lat),
            "lon": str(house.lon),
            "address": {
                "house_number": house.number,
                "road": house.street,
                "town": house.city,
                "ISO3166-2-lvl4": f"US-{house.state}",
                "postcode": house.zip,
            },
        }
        for house in houses
    ]


def _photon(houses: list[House]) -> dict[str, object]:
    features = [
        {
            "geometry": {"coordinates": [house.lon, house.lat]},
            "properties": {
                "housenumber": house.number,
                "street": house.street,
                "city": house.city,
                "state": house.state,
                "postcode": house.zip,
            },
        }
        for house in houses
    ]
    return {"features": features}


def status(code: int, **headers: str) -> Callable[[Reply], None]:
    """An empty answer with this code; `Retry_After` becomes the header `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: reply.send(code, b"", named)


def late(seconds: float) -> Callable[[Reply], None]:
    """Says nothing for so long."""

    def answer(reply: Reply) -> None:
        time.sleep(seconds)
        reply.healthy()

    return answer


def dripping(pause_s: float) -> Callable[[Reply], None]:
    """Never silent for long, and never done."""

    def answer(reply: Reply) -> None:
        reply.send(200, b"[", length=1_000)
        for _ in range(200):
            time.sleep(pause_s)
            reply.write(b" ")

    return answer


def cut_off(reply: Reply) -> None:
    """The connection ends in the middle."""
    body = reply.body()
    reply.send(200, body[: len(body) // 2], length=len(body))
    reply.close_connection = True


def half_json(reply: Reply) -> None:
    """A whole answer that is half of one."""
    body = reply.body()
    reply.send(200, body[: len(body) // 2])


def web_page(reply: Reply) -> None:
    """What a captive portal says."""
    reply.send(200, b"<!doctype html><title>Log in</title>", {"Content-Type": "text/html"})


def nested(reply: Reply) -> None:
    """Brackets without end."""
    reply.send(200, b"[" * 200_000)


def huge(reply: Reply) -> None:
    """A valid answer after 50 MB of blanks."""
    reply.send(200, b"", length=HUGE_BYTES)
    for _ in range(HUGE_BYTES // _PIECE_BYTES):
        reply.write(b" " * _PIECE_BYTES)


def elsewhere(url: str) -> Callable[[Reply], None]:
    """Sends the question on to another host."""
    return lambda reply: reply.send(302, b"", {"Location": url + reply.path.lstrip("/")})


@contextmanager
def serve(geocoder: ScriptedGeocoder) -> Iterator[ScriptedGeocoder]:
    """Answers until the block ends."""
    handler = type("Handler", (Reply,), {"geocoder": geocoder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    geocoder.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield geocoder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
