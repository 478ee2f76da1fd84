"""Brings the catalogs in shared/translations up to date with the sentences in code and templates: `make words`.

What is new stands there untranslated, and tests fail until somebody translates it; what is gone is removed.
"""

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from shared.domain.languages import LANGUAGES, SOURCE
from shared.paths import ROOT, TRANSLATIONS

_KEYWORDS = {"phrase": None, "_": None, "gettext": None, "ngettext": (1, 2)}
_WIDTH = 120


def sentences() -> Catalog:
    """Every sentence that people may read in other languages, with where it stands."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog()
    found = extract_from_dir(ROOT, methods, options, keywords=_KEYWORDS, comment_tags=("Translators:",))
    for path, _line, message, comments, context in found:
        catalog.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return catalog


def update(language: str, template: Catalog) -> int:
    """Rewrites one catalog; returns how many of its sentences lack a translation."""
    path = TRANSLATIONS / f"{language}.po"
    catalog = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.header_comment = (
        f"# {LANGUAGES[language]}: sentences of pages and emails. `make words` keeps this file up to date."
    )
    with path.open("wb") as file:
        write_po(file, catalog, width=_WIDTH, sort_output=True, omit_header=True, include_lineno=False)
    return sum(not message.string or not any(message.string) for message in catalog if message.id)


def main() -> None:
    """All languages."""
    template = sentences()
    for language in LANGUAGES:
        if language != SOURCE:
            print(f"{language}: {update(language, template)} of {len(template)} sentences to translate")


if __name__ == "__main__":
    main()
