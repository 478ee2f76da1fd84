"""The errors that services raise and that web, worker and commands translate. Texts hold no personal data."""

from datetime import datetime


class DearRepError(Exception):
    """Base of all errors whose text may be shown to the person who caused them."""


class SettingsError(DearRepError):
    """A setting is missing or bad; the text names it and says how to mend it."""


class WrongSecretKey(DearRepError):
    """The database belongs to another secret key; the text says what to do."""


class NotFound(DearRepError):
    """No such campaign, submission, letter or message."""


class IllegalTransition(DearRepError):
    """The transition table has no arrow from the present state to the wanted one."""


class CampaignFileError(DearRepError):
    """A campaign file can't be imported; `problems` lists every fault with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ImportRefused(DearRepError):
    """A data file can't be imported at all: unknown columns, unreadable, empty."""


class InputError(DearRepError):
    """What a person typed can't be accepted; `fields` maps a form field's name to the words shown there."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(fields))
        self.fields = fields


class NotAllowed(DearRepError):
    """The action is well formed but not possible now; the text says why and what would be."""


class StateChanged(NotAllowed):
    """Another person changed a campaign's state after this one saw it and before they acted on it.

    `actor` is empty when that is not known.
    """

    def __init__(self, state: str, *, actor: str = "", at: datetime | None = None) -> None:
        super().__init__(f"This campaign is {state} now: it was changed meanwhile. Load the page again.")
        self.state, self.actor, self.at = state, actor, at


class WebhookRefused(DearRepError):
    """What was posted to a webhook is forged, stale or unreadable; the text says which, and holds nothing of it."""


class ProviderError(DearRepError):
    """An outside service failed."""


class Retryable(ProviderError):
    """Failed for now: time-out, connection, 5xx. Trying again later may help."""


class Throttled(Retryable):
    """The service asked for a pause; `retry_after` is its wish in seconds, None when it named none."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class SignedInFuture(Retryable):
    """A genuine post was signed `ahead_s` seconds from now: one of the two clocks is wrong."""

    def __init__(self, ahead_s: float) -> None:
        super().__init__("What was posted was signed in the future. Is this machine's clock right?")
        self.ahead_s = ahead_s


class Permanent(ProviderError):
    """Trying the same call again can't help."""
