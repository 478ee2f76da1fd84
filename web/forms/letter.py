"""Step 2 as it was posted: words, choices, consent, and the button. What may be written is the domain's to say.

Its token was checked before the view, as every form's is. A form of the library's would cost a tenth of a Send.
"""

from dataclasses import dataclass

from flask import request

# PostgreSQL's bigint; a larger number in a hand-made form names no office.
_DIGITS = 18


@dataclass(frozen=True)
class LetterForm:
    """Words are None where the form lacked the field, `chosen` where it had no boxes: those can't be unticked."""

    action: str
    own_words: str | None
    edited_subject: str | None
    edited_body: str | None
    chosen: frozenset[int] | None
    consents: tuple[str, ...]


def read_letter_form() -> LetterForm:
    """What this request's form says."""
    typed = request.form
    numbers = [one for one in typed.getlist("to") if one.isdecimal() and len(one) <= _DIGITS]
    return LetterForm(
        action=typed.get("action", ""),
        own_words=typed.get("own_words"),
        edited_subject=typed.get("edited_subject"),
        edited_body=typed.get("edited_body"),
        chosen=frozenset(map(int, numbers)) if "boxes" in typed else None,
        consents=tuple(typed.getlist("consents")),
    )
