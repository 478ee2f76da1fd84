"""`/metrics` for Prometheus: for readers with the token, or on a single machine for its own programs."""

import hmac

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from shared.services.metrics import installation_metrics
from shared.settings import Settings
from web.client_address import is_from_this_machine
from web.context import here

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
def metrics() -> Response:
    """The installation's figures; strangers find nothing here."""
    if not _may_read():
        abort(404)
    text = installation_metrics(here().engine, here().ring, _settings())
    response = Response(text, content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _settings() -> Settings:
    try:
        return here().settings
    except SQLAlchemyError:
        # The figures say themselves that the database is away.
        return here().given


def _may_read() -> bool:
    """With a token, only readers that send it, wherever they are; without one, only programs on this machine."""
    token = here().given.metrics_token
    if not token:
        return is_from_this_machine()
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
