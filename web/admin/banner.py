"""What every organizer page says first: that nothing leaves, and why."""

from flask import g

from shared.services.delivery.switches import read_switches
from web.admin import bp
from web.context import here


@bp.context_processor
def banner() -> dict[str, object]:
    """Nothing for who is not signed in: their page has no banner."""
    if g.get("organizer") is None:
        return {}
    return {"switches": read_switches(here().engine)}
