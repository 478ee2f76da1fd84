"""Pieces of pages that are the same for everybody who reads a campaign in one language, made once for each version.

Pages without a campaign have pieces of their own.
"""

from collections.abc import Callable

from flask import Flask
from jinja2 import Undefined
from markupsafe import Markup

from shared.domain.campaigns import Campaign
from shared.rendering.speech import spoken


class Fragments:
    """By campaign, name and language, each with the campaign that it was made of. Nothing about a person is in one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], tuple[Campaign | None, Markup]] = {}

    def get(self, campaign: Campaign | Undefined, name: str, make: Callable[[], Markup]) -> Markup:
        """The piece called `name`; whatever differs between readers of one language must be in the name."""
        whose = None if isinstance(campaign, Undefined) else campaign
        key = (whose.slug if whose else "", name, spoken())
        found = self._kept.get(key)
        # A campaign that has changed is another object.
        if found is not None and found[0] is whose:
            return found[1]
        made = make()
        self._kept[key] = (whose, made)
        return made


def install(app: Flask) -> None:
    """Adds the function for templates: `kept(campaign, "name", macro)`."""
    app.jinja_env.globals["kept"] = Fragments().get
