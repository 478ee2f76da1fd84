"""Emails to supporters from `templates/emails/<kind>/{subject.txt,body.txt,body.html}`; an unknown name is an error."""

import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.domain.colors import palette_of
from shared.domain.languages import WITHOUT_SPACES
from shared.paths import TEMPLATES
from shared.rendering.letters import text_to_html
from shared.rendering.speech import install, speaking, spoken

_TEXT_WIDTH = 72
_EXTENSION = re.compile(r"(?:ext\.?|x|#)\s*(\d+)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class RenderedEmail:
    """One line of subject, the plain text, and a whole HTML document that says the same."""

    subject: str
    text: str
    html: str


def render_email(kind: str, values: dict[str, Any]) -> RenderedEmail:
    """The email in the folder `kind`, filled with `values`, whose `language` it speaks and whose `color` it has."""
    environment = _environment(values["color"])
    with speaking(values["language"]):
        subject, text, html = (
            environment.get_template(f"{kind}/{part}").render(values)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    return RenderedEmail(" ".join(subject.split()), text.strip() + "\n", html)


def wrap(text: str) -> str:
    """Each line broken at spaces; links stay whole. Chinese has no spaces: mail programs break it where it is right."""
    if spoken() in WITHOUT_SPACES:
        return text
    return "\n".join(map(_wrap_line, text.split("\n")))


# Most lines of a campaign's emails are the same for everybody.
@lru_cache(maxsize=1024)
def _wrap_line(line: str) -> str:
    return textwrap.fill(line, _TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)


def dialed(phone: str) -> str:
    """What follows `tel:` (RFC 3966): digits, and the extension apart, or it would be dialed as part of the number."""
    extension = _EXTENSION.search(phone)
    number = re.sub(r"[^\d+]", "", phone[: extension.start()] if extension else phone)
    return f"{number};ext={extension[1]}" if extension else number


@lru_cache(maxsize=16)
def _environment(color: str = "") -> Environment:
    """Templates in a campaign's color, empty for our own. What they import from each other sees no values."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "emails"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    install(environment)
    environment.globals["shades"] = palette_of(color) if color else None
    environment.filters |= {"paragraphs": text_to_html, "wrap": wrap, "dialed": dialed}
    return environment
