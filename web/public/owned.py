"""Which submissions this browser may read: those that it began, or whose emailed link it opened."""

from flask import session

_KEY = "owned"
# Newest first; a shared computer at a table does not need more.
_KEEP = 20


def own(token: str) -> None:
    """Remembers that this browser's person is the submission's supporter."""
    session[_KEY] = [token, *(other for other in session.get(_KEY, []) if other != token)][:_KEEP]
    session.permanent = True


def forget_all_else() -> None:
    """Empties the session; a person who tries a campaign and then signs in keeps the letters begun here."""
    owned = session.get(_KEY)
    session.clear()
    if owned:
        session[_KEY] = owned
        session.permanent = True


def is_owned(token: str) -> bool:
    """True when name, address and text may be shown here."""
    return token in session.get(_KEY, [])
