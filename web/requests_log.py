"""One log event per request: endpoint and status, never the path, which may hold a token."""

import secrets
import time

import structlog
from flask import Flask, Response, g, request

_LOG = structlog.get_logger()


def install(app: Flask) -> None:
    """Gives each request a number of its own, and logs it when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(8))


def _end(response: Response) -> Response:
    elapsed_ms = round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else None
    level = _LOG.debug if request.endpoint in ("static", "health.live", "metrics.metrics") else _LOG.info
    level("request", method=request.method, endpoint=request.endpoint, status=response.status_code, ms=elapsed_ms)
    response.headers["X-Request-Id"] = structlog.contextvars.get_contextvars().get("request_id", "")
    return response
