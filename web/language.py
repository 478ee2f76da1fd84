"""Which language a reader gets: the one they chose, else the one their browser asks for.

The choice stands in the address (`?lang=es`), and in the session of people who have one. The campaign page is the same
for everybody who reads its language, so there only the address and the browser count.
"""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, request, session
from markupsafe import Markup

from shared.domain.campaigns import Campaign, CampaignText
from shared.domain.languages import LANGUAGES, PSEUDO, SOURCE, best_language, html_tag, known_language
from shared.rendering.speech import speak, spoken
from web.context import here
from web.security import is_same_origin

_KEY = "lang"
# The console is in English.
_ENGLISH_ONLY = "admin"
# Pages that anybody may keep: the session is not asked.
SHARED_PAGES = frozenset({"public.show", "public.index", "public.card", "public.theme", "public.logo"})


def install(app: Flask) -> None:
    """Chooses before each request, and tells the templates."""
    app.before_request(_choose)
    app.context_processor(_for_templates)
    app.jinja_env.filters["told"] = told
    app.jinja_env.globals.update(other_language=other_language, letter_language=letter_language)


def remember_language() -> None:
    """Keeps the language for this browser's next pages."""
    if session.get(_KEY, SOURCE) != spoken():
        session[_KEY] = spoken()


def language_link(language: str) -> str:
    """This page in another language, by an address that holds nothing of the reader's own."""
    is_shared = request.endpoint in SHARED_PAGES or not request.query_string
    kept = {} if is_shared else {k: v for k, v in request.args.items() if k not in (_KEY, "part")}
    return f"?{urlencode({**kept, _KEY: html_tag(language)})}" if kept else f"?{_KEY}={html_tag(language)}"


def told(campaign: Campaign) -> CampaignText:
    """The pages' text in the reader's language, or as it was written."""
    return campaign.text_in(spoken())


def other_language(text: CampaignText) -> Markup:
    """The attribute that names a text's language where it is not the page's."""
    return Markup("") if text.language == spoken() else _attribute(text.language)


def letter_language(campaign: Campaign) -> Markup:
    """The same for a letter, which stays in the campaign's language."""
    return Markup("") if campaign.language == spoken() else _attribute(campaign.language)


def _attribute(language: str) -> Markup:
    return Markup(' lang="{}"').format(html_tag(language))


def _choose() -> None:
    if request.blueprint in (_ENGLISH_ONLY, None) and request.endpoint is not None:
        return speak(SOURCE)
    wanted = allowed_language(request.args.get(_KEY)) if request.query_string else None
    speak(wanted or _usual())
    # A form that another site posts brings no cookie: one that is set then would overwrite this browser's.
    if wanted and request.endpoint not in SHARED_PAGES and (request.method != "POST" or is_same_origin()):
        remember_language()
    return None


def _usual() -> str:
    kept = None if request.endpoint in SHARED_PAGES else allowed_language(session.get(_KEY))
    return kept or best_language(request.headers.get("Accept-Language", ""))


def allowed_language(wanted: str | None) -> str | None:
    """Our code for what was asked, None for what we don't speak; the tests' own language only in tests."""
    language = known_language(wanted) if wanted else None
    return None if language == PSEUDO and here().settings.environment != "test" else language


def _for_templates() -> dict[str, Any]:
    return {
        "language": spoken(),
        "languages": LANGUAGES,
        "html_tag": html_tag,
        "language_link": language_link,
    }
