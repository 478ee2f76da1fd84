"""Sentences for people that code makes: English by themselves, and known by their message in every other language."""

from typing import Self


class Phrase(str):  # noqa: SLOT000 - made once a message, or for one page
    """A sentence in English that remembers its message and values, so that `shared.rendering.speech` can translate it.

    `message` names its values as `%(name)s`; a value may be a phrase itself.
    """

    message: str
    values: dict[str, object]

    def __new__(cls, message: str, values: dict[str, object]) -> Self:
        """The English sentence."""
        said = super().__new__(cls, message % values if values else message)
        said.message, said.values = message, values
        return said


def phrase(message: str, **values: object) -> Phrase:
    """Marks a sentence for translation: `make words` finds its message by this name."""
    return Phrase(message, values)
