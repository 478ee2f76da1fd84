"""What every organizer page says first: that letters are missing, what fails, that nothing leaves, and why."""

from flask import g

from shared.domain.visitors import visitor_finding
from shared.services.delivery.switches import read_switches
from shared.services.figures import current_figures
from shared.services.parts import failing_parts
from web.admin import bp
from web.context import here


@bp.context_processor
def banner() -> dict[str, object]:
    """Nothing for who is not signed in: their page has no banner."""
    if g.get("organizer") is None:
        return {}
    figures = current_figures(here().engine, here().settings, for_page=True)
    return {
        "switches": read_switches(here().engine),
        "imbalance": figures.imbalance,
        "failing_parts": failing_parts(here().engine),
        "visitors": visitor_finding(here().visitors.recent()),
    }
