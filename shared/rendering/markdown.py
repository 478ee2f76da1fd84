"""Campaign Markdown to safe HTML for pages. Raw HTML in the source is shown as text, links are checked."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "h2", "h3", "h4", "blockquote", "hr", "span"}
_ATTRIBUTES = {"a": {"href"}, "ol": {"class"}, "span": {"class"}}


def _numbered(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """List numbers as text, so that they survive copying, plain readers and style sheets alike."""
    token = tokens[index]
    return f'<li><span class="num">{token.info}{token.markup}</span> ' if token.info else "<li>"


def _ordered_list(*_: Any) -> str:
    return '<ol class="numbered">'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.add_render_rule("list_item_open", _numbered)
    parser.add_render_rule("ordered_list_open", _ordered_list)
    return parser


_PARSER = _parser()


@lru_cache(maxsize=256)
def page_html(markdown: str) -> Markup:
    """Safe HTML of a campaign's text; the page's own title is h1, so headings begin at h2."""
    html = _PARSER.render(markdown)
    html = html.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return Markup(nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"}))  # noqa: S704 - cleaned
