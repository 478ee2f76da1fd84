"""The body of a campaign file: pages and letters between marks, or a host's own text without any."""

import re
from typing import Any

from shared.domain.letter_versions import LetterVersion
from shared.domain.merge_fields import MergeField, canonical
from shared.services.campaign_files.audiences import read_audience
from shared.services.campaign_files.draft import Draft

# The key of the page in the campaign's own language.
AS_WRITTEN = ""
# A line that is a comment; its text is parsed apart, so that no blanks are tried twice.
_COMMENT = re.compile(r"^<!--([^<>]{1,200})-->[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[\w -]+")
_HOSTED_BY = re.compile(r"^This campaign is hosted by ([^.]+)\.", re.IGNORECASE)
_SUBJECT_FIELDS = frozenset(MergeField) - {MergeField.OWN_WORDS}


def split_body(draft: Draft, head: dict[str, Any], body: str, line: int) -> tuple[dict[str, str], dict[str, str]]:
    """The page's Markdown by language, the letter texts by version name; fills head keys that a host's text names."""
    marks = [(comment, mark) for comment in _COMMENT.finditer(body) if (mark := _read_mark(comment[1]))]
    if marks:
        pages: dict[str, str] = {}
        letters: dict[str, str] = {}
        ends = [comment.start() for comment, _ in marks[1:]]
        for (comment, (kind, name)), end in zip(marks, [*ends, len(body)], strict=True):
            part = body[comment.end() : end]
            first = line + body.count("\n", 0, comment.end())
            if kind == "page":
                pages[name or AS_WRITTEN] = _checked_page(draft, part, first)
            else:
                letters[name or "all"] = _checked_letter(draft, part, first)
        return pages, letters
    start = re.search(r"^[ \t]*Dear\b", body, re.MULTILINE)
    if not start:
        draft.problem('No letter found: it begins with a line "Dear …" or after a line <!-- letter -->.')
        return {AS_WRITTEN: body.strip()}, {}
    page = _take_page_facts(head, body[: start.start()])
    letter = _take_host(head, body[start.start() :])
    first = line + body.count("\n", 0, start.start())
    return {AS_WRITTEN: _checked_page(draft, page, line)}, {"all": _checked_letter(draft, letter, first)}


def _read_mark(comment: str) -> tuple[str, str] | None:
    """`page` or `letter`, and the name behind a colon; None for any other comment."""
    kind, colon, name = comment.partition(":")
    if kind.strip() not in ("page", "letter") or (colon and not _NAME.fullmatch(name.strip())):
        return None
    return kind.strip(), name.strip()


def read_versions(draft: Draft, head: dict[str, Any], letters: dict[str, str]) -> tuple[LetterVersion, ...]:
    """The wordings that the head lists, or one for each letter of the body."""
    listed = head.get("versions") or [{"name": name} for name in letters]
    versions = []
    for entry in listed:
        name = str(entry.get("name", ""))
        subject = str(entry.get("subject", head.get("subject", ""))).strip()
        if name not in letters:
            draft.problem(f"The version {name!r} has no text: add <!-- letter: {name} -->.", draft.line_of("versions"))
            continue
        if not subject:
            draft.problem('subject is missing. Offices file letters by it: subject = "Please …"', 1)
        if "\n" in subject:
            draft.problem("subject must be one line.", draft.line_of("subject"))
        draft.check_fields(subject, _SUBJECT_FIELDS, "the subject", draft.line_of("subject") or 1)
        versions.append(LetterVersion(name, canonical(subject), letters[name], **read_audience(draft, entry)))
    if not versions and not draft.problems:
        draft.problem("The file has no letter.")
    return tuple(versions)


def _take_page_facts(head: dict[str, Any], page: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n", page.strip("\n"))
    paragraphs = [paragraph for paragraph in paragraphs if paragraph.strip()]
    if paragraphs and "title" not in head:
        head["title"] = " ".join(paragraphs.pop(0).split())
    elif paragraphs and " ".join(paragraphs[0].split()) == str(head.get("title")):
        paragraphs.pop(0)
    if paragraphs and "form_prompt" not in head and re.search(r"\benter\b.*\baddress\b", paragraphs[-1], re.IGNORECASE):
        head["form_prompt"] = " ".join(paragraphs.pop().split())
    return "\n\n".join(paragraphs)


def _take_host(head: dict[str, Any], letter: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n", letter.strip())
    found = _HOSTED_BY.match(paragraphs[-1].strip())
    if found:
        head.setdefault("privacy", " ".join(paragraphs.pop().split()))
        head.setdefault("host", found.group(1).strip())
    return "\n\n".join(paragraphs)


def _checked_page(draft: Draft, page: str, line: int) -> str:
    draft.check_fields(page, frozenset(), "the page, which has no fields", line)
    return page.strip("\n").rstrip()


def _checked_letter(draft: Draft, letter: str, line: int) -> str:
    draft.check_fields(letter, frozenset(MergeField), "the letter", line)
    if not letter.strip():
        draft.problem("The letter is empty.", line)
    return canonical(letter.strip())
