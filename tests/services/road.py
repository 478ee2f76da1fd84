"""A submission's way from a typed address to letters, for tests that follow it."""

from sqlalchemy import Engine, select

from shared.db.tables import letter
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters
from shared.services.prepare import prepare_submissions
from shared.services.submission_view import SubmissionView, read_submission
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_supporter


class Here:
    """The services with one engine, and every queue worked off on request."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring) -> None:
        self.engine, self.settings, self.ring = engine, settings, ring

    def begin(self, email: str = "jamie@example.org", street: str = "12 Maple Street") -> str:
        return begin_submission(self.engine, self.ring, self.settings, "co-ops", make_supporter(email, street))

    def prepare(self) -> None:
        prepare_submissions(self.engine, self.ring, self.settings)

    def accept(self, token: str, own_words: str = "", **more: object) -> None:
        accept_submission(self.engine, self.ring, self.settings, token, own_words=own_words, **more)  # type: ignore[arg-type]

    def deliver(self, *, first_tries: bool = True) -> int:
        return deliver_letters(self.engine, self.ring, self.settings, first_tries=first_tries)

    def view(self, token: str) -> SubmissionView:
        return read_submission(self.engine, self.settings, token)

    def states(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.scalars(select(letter.c.state).order_by(letter.c.id)))

    def send(self, email: str = "jamie@example.org") -> str:
        token = self.begin(email)
        self.prepare()
        self.accept(token, "I buy my bread at a co-op.")
        self.prepare()
        return token
