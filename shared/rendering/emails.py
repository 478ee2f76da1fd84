"""Emails to supporters from `templates/emails/<kind>/{subject.txt,body.txt,body.html}`; an unknown name is an error."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.paths import TEMPLATES
from shared.rendering.letters import text_to_html


@dataclass(frozen=True)
class RenderedEmail:
    """One line of subject, the plain text, and a whole HTML document that says the same."""

    subject: str
    text: str
    html: str


def render_email(kind: str, values: dict[str, Any]) -> RenderedEmail:
    """The email in the folder `kind`, filled with `values`."""
    environment = _environment()
    subject, text, html = (
        environment.get_template(f"{kind}/{part}").render(values) for part in ("subject.txt", "body.txt", "body.html")
    )
    return RenderedEmail(" ".join(subject.split()), text.strip() + "\n", html)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "emails"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["paragraphs"] = text_to_html
    return environment
