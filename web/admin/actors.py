"""Who did it, as histories say it: a name instead of the number that is stored."""

from flask import g

from shared.domain.integers import parse_integer
from shared.services.people import name_of
from web.admin import bp
from web.admin.guard import organizer
from web.context import here


@bp.context_processor
def actors() -> dict[str, object]:
    """The function for templates."""
    return {"actor_name": actor_name}


def actor_name(actor: str) -> str:
    """`you`, another organizer's name or email; anything else as it is."""
    kind, _, number = actor.partition(":")
    organizer_id = parse_integer(number)
    if kind != "organizer" or organizer_id is None:
        return actor
    if actor == organizer().actor:
        return "you"
    known: dict[str, str] = g.setdefault("actor_names", {})
    if actor not in known:
        known[actor] = name_of(here().engine, organizer_id) or f"organizer {number}"
    return known[actor]
