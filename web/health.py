"""For load balancers and supervisors: is the process alive, and can it serve?"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shared.services.health import check_ready
from web.context import here

bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
def live() -> ResponseReturnValue:
    """Answers as long as the process does."""
    return jsonify(status="live")


@bp.get("/ready")
def ready() -> ResponseReturnValue:
    """200 when requests can be served, 503 with the reasons otherwise."""
    problems = check_ready(here().engine)
    return jsonify(status="not ready" if problems else "ready", problems=problems), 503 if problems else 200
