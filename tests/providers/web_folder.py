"""A small HTTP server on loopback that serves files and misbehaves on demand."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class WebFolder:
    """Files by name; `faults` are taken one a request: a status, `cut` or `slow`. `ranges` notes what was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    bytes_sent: int = 0
    tag: str = '"v1"'


def _handler(folder: WebFolder) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: object) -> None:
            """Silent."""

        def do_GET(self) -> None:
            folder.requests += 1
            folder.ranges.append(self.headers.get("Range", ""))
            fault = folder.faults.pop(0) if folder.faults else None
            name = self.path.lstrip("/").partition("?")[0]
            if isinstance(fault, int):
                self._send(fault, b"")
            elif name == "":
                links = "".join(f'<a href="{file}">{file}</a>' for file in folder.files)
                self._send(200, f"<html>{links}</html>".encode())
            elif name in folder.files:
                self._file(folder.files[name], fault)
            else:
                self._send(404, b"")

        def _file(self, body: bytes, fault: str | None) -> None:
            wanted = self.headers.get("Range", "")
            start = 0
            asked = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
            if asked and asked in (folder.tag, folder.headers.get("Last-Modified")):
                self._send(304, b"")
                return
            if wanted and self.headers.get("If-Range") in (folder.tag, folder.headers.get("Last-Modified")):
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if fault == "slow":
                time.sleep(1.0)
            if start and start >= len(body):
                self._send(416, b"")
                return
            rest = body[start:]
            self._send(206 if start else 200, rest, cut=fault == "cut")

        def _send(self, status: int, body: bytes, *, cut: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if folder.tag:
                self.send_header("ETag", folder.tag)
            for name, value in folder.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the client may have given up
                # The client may ask for the sum as soon as it has all of them.
                folder.bytes_sent += len(body)
                self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True

    return Handler


@contextmanager
def serve(folder: WebFolder) -> Iterator[WebFolder]:
    """Serves the folder until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder))
    folder.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield folder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
