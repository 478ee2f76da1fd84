"""Step 2 as it was posted: words, choices, consent, and the button. What may be written is the domain's to say.

Its token was checked before the view, as every form's is. A form of the library's would cost a tenth of a Send.
"""

from dataclasses import dataclass

from flask import request

from shared.domain.integers import parse_integer


@dataclass(frozen=True)
class LetterForm:
    """Words are None where the form lacked the field, `chosen` where it had no boxes: those can't be unticked.

    `edition` names the texts that the page showed; 0 for what is no number, None on a page from before it was there.
    """

    action: str
    edition: int | None
    own_words: str | None
    edited_subject: str | None
    edited_body: str | None
    chosen: frozenset[int] | None
    consents: tuple[str, ...]


def read_letter_form() -> LetterForm:
    """What this request's form says."""
    typed = request.form
    numbers = [parse_integer(one) for one in typed.getlist("to")]
    return LetterForm(
        action=typed.get("action", ""),
        edition=read_edition(typed.get("edition")),
        own_words=typed.get("own_words"),
        edited_subject=typed.get("edited_subject"),
        edited_body=typed.get("edited_body"),
        chosen=frozenset(one for one in numbers if one is not None) if "boxes" in typed else None,
        consents=tuple(typed.getlist("consents")),
    )


def read_edition(typed: str | None) -> int | None:
    """The number of the texts that a page showed, as it came back; no texts have the number 0."""
    if typed is None:
        return None
    return parse_integer(typed) or 0
