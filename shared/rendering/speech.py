"""Says words, numbers and times in the language of whoever reads. One language a thread at a time; English at first.

Catalogs are the .po files in `shared/translations`, read when first needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, tzinfo
from functools import lru_cache
from io import BytesIO

from babel.dates import format_date, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from shared.domain.days import day_in
from shared.domain.languages import PSEUDO, SOURCE
from shared.domain.phrases import Phrase
from shared.paths import TRANSLATIONS
from shared.rendering.pseudo import PseudoTranslations

# Babel's own Kreyòl has French names.
_KREYOL_MONTHS = [
    "janvye",
    "fevriye",
    "mas",
    "avril",
    "me",
    "jen",
    "jiyè",
    "out",
    "septanm",
    "oktòb",
    "novanm",
    "desanm",
]
_KREYOL_DAYS = ["lendi", "madi", "mèkredi", "jedi", "vandredi", "samdi", "dimanch"]
# Times as the United States write them, where that differs.
_AS_WRITTEN_HERE = {"es": "es_US", "ht": "en_US"}
_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def speak(language: str) -> None:
    """From now on this thread speaks `language`, a code of `shared.domain.languages`."""
    _language.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speaks `language` within the block."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def spoken() -> str:
    """The code of the language that is spoken now."""
    return _language.get()


def say(words: str) -> str:
    """A phrase, or a sentence that stands in the catalogs, in the language that is spoken; others stay as they are."""
    if spoken() == SOURCE or not words:
        return words
    if not isinstance(words, Phrase):
        return gettext(words)
    values = {name: say(value) if isinstance(value, Phrase) else value for name, value in words.values.items()}
    message = gettext(words.message)
    return message % values if values else message


def gettext(message: str) -> str:
    """The message in the language that is spoken."""
    return message if spoken() == SOURCE else _catalog(spoken()).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """The form that goes with the number."""
    return _catalog(spoken()).ngettext(one, many, number)


def install(environment: Environment) -> None:
    """Lets templates say `_("...")` and `{% trans %}`, and `|say` for phrases that code made."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    # A page says some thirty sentences, and the library's own way through its context costs each a hundredth of a page.
    environment.globals["_"] = _say_here
    environment.filters["say"] = say


@pass_eval_context
def _say_here(context: EvalContext, message: str, **values: object) -> str:
    """As the library's: a percent sign is written twice, with and without values."""
    if not values:
        return _said(spoken(), message, is_html=context.autoescape)
    said = gettext(message)
    return Markup(said) % values if context.autoescape else said % values  # noqa: S704 - sentences of our own


@lru_cache(maxsize=4096)
def _said(_language: str, message: str, *, is_html: bool) -> str:
    """Without values, in the language that is spoken now."""
    said = gettext(message) % {}
    return Markup(said) if is_html else said  # noqa: S704 - sentences of our own


def say_number(value: int) -> str:
    """`1284` as `1,284`: in the United States in every language."""
    return f"{value:,}"


def say_clock(value: datetime, zone: tzinfo) -> str:
    """`10:42:18 am`."""
    local = value.astimezone(zone)
    if _is_english():
        return f"{local:%I:%M:%S %p}".lstrip("0").lower()
    return format_time(local, "medium", locale=_locale())


def say_moment(value: datetime, zone: tzinfo) -> str:
    """`Nov 22, 10:42 am EST`."""
    local = value.astimezone(zone)
    if not _is_english():
        return f"{_short_day(local)}, {format_time(local, 'short', locale=_locale())} {local:%Z}"
    hour = f"{local:%I:%M %p}".lstrip("0").lower()
    return f"{local:%b} {local.day}, {hour} {local:%Z}"


def say_day(value: datetime, zone: tzinfo) -> str:
    """`November 22, 2026`."""
    local = value.astimezone(zone)
    if spoken() == "ht":
        return f"{local.day} {_KREYOL_MONTHS[local.month - 1]} {local.year}"
    return format_date(day_in(zone, value), "long", locale=_locale())


def say_weekday(value: datetime) -> str:
    """`Monday 8 am`, `Monday 8:30 am`, in the value's own zone."""
    if not _is_english():
        return f"{_weekday(value)} {format_time(value, 'short', locale=_locale())}"
    minutes = f":{value:%M}" if value.minute else ""
    return f"{value:%A} {int(f'{value:%I}')}{minutes} {value:%p}".replace("AM", "am").replace("PM", "pm")


def _short_day(local: datetime) -> str:
    if spoken() == "ht":
        return f"{local.day} {_KREYOL_MONTHS[local.month - 1]}"
    return format_skeleton("MMMd", local, locale=_locale())


def _weekday(local: datetime) -> str:
    return _KREYOL_DAYS[local.weekday()] if spoken() == "ht" else format_date(local, "EEEE", locale=_locale())


def _is_english() -> bool:
    return spoken() in (SOURCE, PSEUDO)


def _locale() -> str:
    return SOURCE if _is_english() else _AS_WRITTEN_HERE.get(spoken(), spoken())


@lru_cache
def _catalog(language: str) -> NullTranslations:
    if language == PSEUDO:
        return PseudoTranslations()
    path = TRANSLATIONS / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
