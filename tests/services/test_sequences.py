"""A year of follow-ups, day by day: each step falls due once, and never against a rule."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from shared.domain.follow_ups import TRANSACTIONAL
from shared.domain.identities import owner_key, unsubscribe_key
from shared.domain.states import CampaignState
from shared.paths import TEMPLATES
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.answers import tell_answer
from shared.services.campaigns import change_campaign_state
from shared.services.delivery import deliver_letters, send_mail
from shared.services.make_letters import make_due_letters
from shared.services.preferences import unsubscribe
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.services.sweep import sweep, tidy
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_draft, make_ring, make_supporter
from tests.services.came_back import Post
from tests.smtp_server import ScriptedSmtpServer

STEP = '[[follow_ups]]\ntemplate = "{}"\ntrigger = "first_sent"\nafter_days = {}\n'
_TIMES = text(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND data_type = 'timestamp with time zone' AND table_name IN ('submission', 'letter', 'letter_event',"
    " 'follow_up', 'suppression', 'consent', 'campaign', 'receipt')"
)


class World:
    """One installation whose past moves away from it, and what its supporters got, with the day."""

    def __init__(self, engine: Engine, settings: Settings, server: ScriptedSmtpServer) -> None:
        self.engine, self.settings = engine, replace(settings, mailbox_url=server.url)
        self.ring = make_ring(settings)
        self.day = 0
        self.got: list[tuple[int, str]] = []
        with engine.connect() as connection:
            columns = connection.execute(_TIMES).all()
        tables = {table: [name for other, name in columns if other == table] for table, _ in columns}
        self._shifts = [
            f"UPDATE {table} SET " + ", ".join(f"{name} = {name} - interval '1 day'" for name in names)
            for table, names in tables.items()
        ]

    def write(self, email: str = "jamie@example.org", consents: tuple[str, ...] = ()) -> str:
        token = begin_submission(self.engine, self.ring, self.settings, "co-ops", make_supporter(email))
        prepare_submissions(self.engine, self.ring, self.settings)
        accept_submission(self.engine, self.ring, self.settings, token, own_words="", consents=consents)
        make_due_letters(self.engine, self.ring, self.settings)
        return token

    def deliver(self) -> int:
        return deliver_letters(self.engine, self.ring, self.settings, first_tries=True)

    def mail(self) -> int:
        """Sends what is due; how many."""
        sent = send_mail(self.engine, self.ring, self.settings)
        with self.engine.begin() as connection:
            kinds = connection.execute(
                text("UPDATE follow_up SET message_id = 'seen' WHERE state = 'sent' AND message_id = '' RETURNING kind")
            )
            self.got += [(self.day, kind) for kind in kinds.scalars()]
        return sent

    def live(self, days: int) -> None:
        for _ in range(days):
            self.day += 1
            with self.engine.begin() as connection:
                for shift in self._shifts:
                    connection.execute(text(shift))
            tidy(self.engine, self.settings)
            self.deliver()
            self.mail()

    def run(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))


@pytest.fixture
def make_world(engine: Engine, settings: Settings) -> Callable[[str], World]:
    def make(campaign: str = CAMPAIGN) -> World:
        make_draft(engine, campaign)
        return World(engine, settings, server)

    with ScriptedSmtpServer() as server:
        yield make


def start(world: World, consents: tuple[str, ...] = ("Neighbors United",)) -> str:
    """A supporter writes on day 0, and everything that is due then has gone."""
    token = world.write(consents=consents)
    world.deliver()
    world.mail()
    assert world.got == [(0, "thank_you")]
    return token


def move(world: World, *states: CampaignState) -> None:
    for state in states:
        change_campaign_state(world.engine, "co-ops", state, actor="test")


USUAL = [(0, "thank_you"), (14, "did_they_answer"), (21, "did_they_answer")]


def test_a_year_of_the_usual_steps(make_world: Callable[..., World]) -> None:
    world = make_world()
    start(world)
    world.live(200)
    assert world.got == USUAL
    move(world, CampaignState.LIVE, CampaignState.WON)
    world.live(165)
    assert world.got == [*USUAL, (201, "victory")]


def test_nobody_hears_of_a_victory_unasked(make_world: Callable[..., World]) -> None:
    world = make_world()
    start(world, consents=())
    move(world, CampaignState.LIVE, CampaignState.WON)
    world.live(30)
    assert world.got == [(0, "thank_you")]


def test_an_answer_ends_the_asking(make_world: Callable[..., World]) -> None:
    world = make_world()
    token = start(world)
    world.live(15)
    key = owner_key(world.settings.secret_key, token)
    tell_answer(world.engine, world.settings, token, key, 2, is_answered=True)
    world.live(60)
    assert world.got == USUAL[:2]


def test_the_end_of_a_campaign_ends_the_asking(make_world: Callable[..., World]) -> None:
    world = make_world()
    start(world)
    move(world, CampaignState.LIVE, CampaignState.CLOSED)
    world.live(60)
    assert world.got == USUAL[:1]


def test_unsubscribing_ends_everything_that_was_planned(make_world: Callable[..., World]) -> None:
    world = make_world()
    start(world)
    world.live(3)
    unsubscribe(world.engine, world.settings, unsubscribe_key(world.settings.secret_key, 1), source="test")
    move(world, CampaignState.LIVE, CampaignState.WON)
    world.live(60)
    assert world.got == USUAL[:1]


def steps_of(*kinds: tuple[str, int]) -> str:
    steps = "".join(STEP.format(kind, days) for kind, days in kinds)
    return CAMPAIGN.replace("+++\n<!-- page", f"{steps}+++\n<!-- page")


def send_update(world: World, number: int) -> None:
    world.run(
        "INSERT INTO campaign_update (campaign_id, organization, subject, body, created_by, sent_at)"
        " SELECT id, 'Neighbors United', 'News', 'News.', 'test', now() FROM campaign"
    )
    world.run(
        "INSERT INTO follow_up (submission_id, campaign_id, kind, number, recipient_email, receiving_domain,"
        " email_hash, is_test, transport) SELECT id, campaign_id, 'update',"
        f" {number}, email, 'example.org', email_hash, is_test, transport FROM submission"
    )


def test_nobody_gets_two_in_a_day(make_world: Callable[..., World]) -> None:
    world = make_world(steps_of(("did_they_answer", 3), ("did_they_answer", 3), ("victory", 4)))
    world.write()
    world.deliver()
    world.live(10)
    assert [day for day, _ in world.got] == [3, 4, 5]
    assert Counter(kind for _, kind in world.got) == {"did_they_answer": 2, "victory": 1}


def test_a_copy_neither_waits_for_another_email_nor_puts_one_off(make_world: Callable[..., World]) -> None:
    world = make_world(steps_of(("thank_you", 3), ("did_they_answer", 3), ("thank_you", 3)))
    world.write()
    world.deliver()
    world.live(10)
    assert sorted(world.got) == [(3, "did_they_answer"), (3, "thank_you"), (3, "thank_you")]


@pytest.mark.parametrize("updates_before", [1, 2, 3])
def test_an_update_sent_before_the_letters_leave_swallows_no_copy(
    make_world: Callable[..., World], updates_before: int
) -> None:
    """Each supporter gets the copy on the day on which the letter leaves, and one update a day at most."""
    world = make_world()
    for number in range(5):
        world.write(f"supporter{number}@example.org")
    world.run("UPDATE letter SET due_at = now() + interval '10 minutes'")
    for number in range(1, updates_before + 1):
        send_update(world, number)
    world.mail()
    assert Counter(world.got) == {(0, "update"): 5}
    world.run("UPDATE letter SET due_at = now()")
    world.deliver()
    world.mail()
    assert Counter(world.got) == {(0, "update"): 5, (0, "thank_you"): 5}
    world.live(5)
    assert Counter(world.got) == {(0, "thank_you"): 5} | {(day, "update"): 5 for day in range(updates_before)}


def test_every_kind_of_email_is_either_exempt_from_the_limit_or_named_here() -> None:
    kinds = {folder.name for folder in (TEMPLATES / "emails").iterdir() if folder.is_dir()}
    assert kinds - set(TRANSACTIONAL) == {"did_they_answer", "update", "victory"}
    assert set(TRANSACTIONAL) < kinds


def test_none_leaves_while_a_letter_is_due(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.write()
    world.deliver()
    world.write("another@example.org")
    assert world.mail() == 0
    world.deliver()
    world.mail()
    assert world.got == [(0, "thank_you")] * 2


def test_who_waits_for_an_hour_is_told_so_once(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.write()
    move(world, CampaignState.LIVE, CampaignState.PAUSED)
    world.mail()
    assert world.got == []
    world.run("UPDATE follow_up SET due_at = due_at - interval '1 hour'")
    world.mail()
    world.live(3)
    assert world.got == [(0, "received")]
    move(world, CampaignState.LIVE)
    world.live(2)
    assert world.got == [(0, "received"), (4, "thank_you")]


def test_a_question_about_the_address_is_asked_twice_and_then_closed(make_world: Callable[..., World]) -> None:
    world = make_world()
    token = begin_submission(
        world.engine, world.ring, world.settings, "co-ops", make_supporter("who@example.org", street="PO Box 1")
    )
    prepare_submissions(world.engine, world.ring, world.settings)
    accept_submission(world.engine, world.ring, world.settings, token, own_words="")
    world.mail()
    world.live(40)
    assert world.got == [(0, "fix_address"), (2, "fix_address"), (14, "not_answered_in_time")]


def test_a_refused_letter_is_told_after_the_organizers_had_time_to_mend_it(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.write()
    world.deliver()
    world.mail()
    world.run("UPDATE letter SET state = 'rejected', cause = 'refused' WHERE id = 1")
    world.run("UPDATE letter SET state = 'queued', due_at = now(), deliver_by = now() - interval '1 day' WHERE id = 2")
    sweep(world.engine, world.ring, world.settings)
    world.live(30)
    assert world.got[:2] == [(0, "thank_you"), (1, "failure")]
    assert Counter(kind for _, kind in world.got)["failure"] == 1


def test_who_withdraws_while_their_email_is_in_hand_gets_nothing(
    engine: Engine, settings: Settings, ring: Ring, sent: str
) -> None:
    post = Post(engine, settings, ring)
    post.change("UPDATE follow_up SET needs = '{consented,open}', due_at = now() - interval '1 minute'")
    post.change(
        "INSERT INTO consent (submission_id, campaign_id, email_hash, organization)"
        " SELECT id, campaign_id, email_hash, 'Neighbors United' FROM submission"
    )
    asked = []

    def withdraw(verb: str) -> None:
        if verb == "RCPT" and not asked:
            asked.append(verb)
            post.change("UPDATE consent SET withdrawn_at = now()")

    with ScriptedSmtpServer(on_verb=withdraw) as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    assert asked == ["RCPT"]
    assert server.accepted == []


def test_an_address_that_its_server_does_not_know_gets_nothing_more_of_any_campaign(
    engine: Engine, settings: Settings, ring: Ring, sent: str
) -> None:
    post = Post(engine, settings, ring)
    with ScriptedSmtpServer(replies={"RCPT": "550 5.1.1 no such user"}) as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    assert post.ask("SELECT state, cause FROM follow_up WHERE kind = 'thank_you'") == [("rejected", "no_such_address")]
    assert post.ask("SELECT campaign_id, reason FROM suppression") == [(None, "bounced")]
