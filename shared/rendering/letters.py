"""One letter for one office: subject and text frozen, HTML made from the text, and the preview for pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from markupsafe import Markup

from shared.domain.campaigns import Campaign
from shared.domain.merge_fields import (
    RECIPIENT_FIELDS,
    MergeField,
    Piece,
    fill,
    join,
    place_own_words,
    split_opening,
)
from shared.domain.places import Office

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Private-use characters stand for the borders of a filled field until the text is HTML; input never holds them.
_OPEN, _MINE, _CLOSE = "\ue000", "\ue001", "\ue002"
_BORDERS = {_OPEN: "<mark>", _MINE: '<mark class="mine" data-own>', _CLOSE: "</mark>"}


@dataclass(frozen=True)
class Author:
    """The supporter as a letter shows them; `location` is the address in one line."""

    name: str
    email: str
    location: str
    own_words: str = ""
    edited_subject: str | None = None
    edited_body: str | None = None


@dataclass(frozen=True)
class RenderedLetter:
    """Final words: one line of subject, plain text with blank lines between paragraphs."""

    subject: str
    body: str


@dataclass(frozen=True)
class LetterPreview:
    """The letter as the page shows it; `office` is None while the lookup is not done.

    `html` is empty when every version is for some offices only, so that nothing can be shown before they are known.
    """

    office: Office | None
    label: str
    subject: str
    html: Markup


@dataclass(frozen=True)
class EditableLetter:
    """What the edit form shows: the locked greeting as HTML, subject and text with the supporter's fields filled."""

    subject: str
    opening_html: Markup
    body: str


def author_to(campaign: Campaign, author: Author, office: Office, offices: Sequence[Office]) -> Author:
    """The author as they write to `office`, one of `offices`: what they edited asks, and must not reach the thanked."""
    if not campaign.is_thanked(office) or all(campaign.is_thanked(one) for one in offices):
        return author
    return replace(author, edited_subject=None, edited_body=None)


def render_letter(campaign: Campaign, author: Author, office: Office) -> RenderedLetter:
    """The letter to `office`. Raises UnfilledField when any field but own words is empty."""
    values = _values(author, office)
    subject = join(fill(_subject(campaign, author, office), values))
    return RenderedLetter(" ".join(subject.split()), join(fill(_template(campaign, author, office), values)))


def preview_letter(campaign: Campaign, author: Author, office: Office | None) -> LetterPreview:
    """The letter with filled-in fields marked; fields that wait for the lookup are shown in plain words."""
    if office is None and campaign.version_for_everybody is None:
        return LetterPreview(None, "", "", Markup(""))
    values = _values(author, office)
    subject = join(fill(_subject(campaign, author, office), values))
    pieces = fill(_template(campaign, author, office), values)
    label = (
        f"{short_title(office.title)} {office.holder.split()[-1] if office.holder else office.district}"
        if office
        else ""
    )
    return LetterPreview(office, label, subject, _marked(pieces))


def editable_letter(campaign: Campaign, author: Author, office: Office | None) -> EditableLetter:
    """The letter as a supporter edits it: what differs per office stays written as fields."""
    values = _values(author, office)
    opening, rest = split_opening(place_own_words(campaign.version_for_office(office).body))
    subject = author.edited_subject or campaign.version_for_office(office).subject
    body = author.edited_body
    if body is None:
        body = join(fill(rest, values, keep=RECIPIENT_FIELDS))
    return EditableLetter(join(fill(subject, values, keep=RECIPIENT_FIELDS)), _marked(fill(opening, values)), body)


def text_to_html(text: str) -> Markup:
    """Plain text as simple HTML: paragraphs at blank lines, line breaks kept, nothing else added."""
    # Only text goes between the tags, so quotes stay readable.
    paragraphs = filter(str.strip, _BLANK_LINE.split(escape(text.strip(), quote=False)))
    lines = "</p>\n<p>".join(paragraph.replace("\n", "<br>\n") for paragraph in paragraphs)
    return Markup(f"<p>{lines}</p>" if lines else "")  # noqa: S704 - escaped above


def short_title(title: str) -> str:
    """`Rep.` for Representative and `Sen.` for Senator; the rest of a title stays."""
    return title.replace("Representative", "Rep.").replace("Senator", "Sen.")


def _template(campaign: Campaign, author: Author, office: Office | None) -> str:
    body = place_own_words(campaign.version_for_office(office).body)
    if author.edited_body is None:
        return body
    opening, _rest = split_opening(body)
    return f"{opening}\n\n{author.edited_body}" if opening else author.edited_body


def _subject(campaign: Campaign, author: Author, office: Office | None) -> str:
    return author.edited_subject or campaign.version_for_office(office).subject


def _values(author: Author, office: Office | None) -> dict[MergeField, str]:
    return {
        MergeField.RECIPIENT_TITLE: office.title if office else "Legislator",
        MergeField.RECIPIENT_NAME: (office.holder or f"for {office.district}") if office else "(name follows)",
        MergeField.DISTRICT: office.district if office else "(district follows)",
        MergeField.SUPPORTER_NAME: author.name,
        MergeField.SUPPORTER_EMAIL: author.email,
        MergeField.LOCATION: author.location,
        MergeField.OWN_WORDS: author.own_words,
    }


def _marked(pieces: list[Piece]) -> Markup:
    marked = []
    for piece in pieces:
        if piece.field is MergeField.OWN_WORDS:
            # Marks can't span paragraphs, and an empty place lets the page weave the words in while they are typed.
            parts = re.split(r"\n[ \t]*\n", piece.text)
            marked.append(Piece("\n\n".join(f"{_MINE}{part}{_CLOSE}" for part in parts)))
        else:
            marked.append(Piece(f"{_OPEN}{piece.text}{_CLOSE}") if piece.field else piece)
    html = str(text_to_html(join(marked)))
    for border, tag in _BORDERS.items():
        html = html.replace(border, tag)
    return Markup(html)  # noqa: S704 - escaped by text_to_html
