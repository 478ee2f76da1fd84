"""Which submissions this browser may read: those that it began, or whose emailed link it opened."""

from collections.abc import Iterable

from flask import session

_KEY = "owned"
# Those of them whose emailed link was opened here: their email address is this person's.
_PROVED = "proved"
# Newest first; a shared computer at a table does not need more.
_KEEP = 20


def own(token: str, *, is_proved: bool = False) -> None:
    """Remembers that this browser's person is the submission's supporter; `is_proved` by the link in an email."""
    for key in (_KEY, _PROVED) if is_proved else (_KEY,):
        session[key] = [token, *(other for other in session.get(key, []) if other != token)][:_KEEP]
    session.permanent = True


def disown(tokens: Iterable[str]) -> None:
    """Forgets submissions: their data are deleted, or this browser's person is somebody else."""
    gone = set(tokens)
    for key in (_KEY, _PROVED):
        session[key] = [token for token in session.get(key, []) if token not in gone]


def forget_all_else() -> None:
    """Empties the session; a person who tries a campaign and then signs in keeps the letters begun here."""
    kept = {key: session[key] for key in (_KEY, _PROVED) if session.get(key)}
    session.clear()
    if kept:
        session.update(kept)
        session.permanent = True


def owned_tokens() -> list[str]:
    """All of this browser's submissions, newest first."""
    return list(session.get(_KEY, []))


def is_owned(token: str) -> bool:
    """True when name, address and text may be shown here."""
    return token in session.get(_KEY, [])


def is_proved(token: str) -> bool:
    """True when the submission's email address is certainly this person's."""
    return token in session.get(_PROVED, [])
