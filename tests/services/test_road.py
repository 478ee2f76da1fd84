"""One submission from a typed address to two letters in a mailbox, with real PostgreSQL, Redis and SMTP."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

from shared.db import submissions
from shared.db.figures import count_imbalance
from shared.db.tables import follow_up, letter, letter_event, office_holder, submission
from shared.domain.campaigns import Campaign
from shared.domain.places import HomeAddress, LookupResult, Office
from shared.domain.states import LetterState, SubmissionState
from shared.errors import InputError, NotAllowed
from shared.rendering.letters import Author, RenderedLetter
from shared.services import make_letters, prepare
from shared.services.delivery import send_mail
from shared.services.letters import cancel_letter, retry_letter
from shared.services.mailbox import list_messages, read_message, store_message
from shared.services.submission_view import preview_letters
from shared.services.submissions import correct_address, undo_submission
from shared.services.sweep import tidy
from tests.services.road import Here
from tests.smtp_server import ScriptedSmtpServer


def test_two_letters_reach_the_mailbox_and_the_supporter_gets_a_copy(here: Here) -> None:
    with ScriptedSmtpServer() as server:
        here.settings = replace(here.settings, mailbox_url=server.url)
        token = here.send()
        assert here.deliver() == 2
        send_mail(here.engine, here.ring, here.settings)
        view = here.view(token)
    assert [line.state for line in view.letters] == [LetterState.SENT, LetterState.SENT]
    assert [line.words for line in view.letters] == ["In the local mailbox"] * 2
    assert view.is_test
    assert view.is_practice
    recipients = [recipient for _, recipient, _ in server.accepted]
    assert recipients[:2] == ["representative@practice.example", "senator@practice.example"]
    assert recipients[2:] == ["jamie@example.org"]
    letters = [message for _, _, message in server.accepted[:2]]
    assert b"Dear Practice Representative Pat Practice," in letters[0]
    assert b"I buy my bread at a co-op." in letters[0]
    assert b"Reply-To: Jamie Rivera <jamie@example.org>" in letters[0]
    assert all(sender.startswith("bounce+l") for sender, _, _ in server.accepted[:2])
    with here.engine.connect() as connection:
        assert count_imbalance(connection) == 0
        kinds = set(connection.scalars(select(follow_up.c.kind).where(follow_up.c.state == "sent")))
        steps = list(
            connection.scalars(
                select(letter_event.c.to_state).where(letter_event.c.letter_id == 1).order_by(letter_event.c.id)
            )
        )
    assert kinds == {"thank_you"}
    assert steps == ["queued", "sending", "sent"]


def test_send_may_come_before_the_lookup_is_done(here: Here) -> None:
    token = here.begin()
    here.accept(token)
    assert here.view(token).letters == ()
    here.prepare()
    assert here.states() == ["queued", "queued"]


def test_pressing_send_again_changes_nothing(here: Here) -> None:
    token = here.send()
    here.accept(token, "Other words")
    here.prepare()
    assert here.states() == ["queued", "queued"]
    assert here.view(token).own_words == "I buy my bread at a co-op."


def test_one_email_writes_to_an_office_once(here: Here) -> None:
    here.send("Jamie@Example.org")
    second = here.send("jamie@example.org")
    assert here.view(second).letters == ()
    assert here.states() == ["queued", "queued"]
    with here.engine.connect() as connection:
        assert count_imbalance(connection) == 0


def test_only_the_chosen_office_gets_a_letter(here: Here) -> None:
    token = here.begin()
    here.prepare()
    senator = here.view(token).targets[1].office
    with pytest.raises(InputError, match="chosen"):
        here.accept(token, chosen=set())
    here.accept(token, chosen={senator.office_id})
    here.prepare()
    assert [line.recipient_name for line in here.view(token).letters] == [senator.holder]


def test_an_incomplete_address_becomes_a_question(here: Here) -> None:
    token = here.begin(street="PO Box 12")
    here.prepare()
    view = here.view(token)
    assert view.state is SubmissionState.NEEDS_ADDRESS
    assert "post office box" in view.lookup_reason
    here.accept(token)
    here.prepare()
    assert here.states() == []
    with here.engine.connect() as connection:
        assert "fix_address" in set(connection.scalars(select(follow_up.c.kind)))
    correct_address(here.engine, here.ring, token, HomeAddress("12 Maple Street", "Worcester", "MA", "01603"))
    here.prepare()
    assert here.states() == ["queued", "queued"]


def test_a_lookup_that_was_overtaken_writes_nothing(here: Here) -> None:
    token = here.begin(street="PO Box 12")
    with here.engine.begin() as connection:
        claimed = submissions.claim_lookups(connection, 5, timedelta(seconds=60))
    correct_address(here.engine, here.ring, token, HomeAddress("12 Maple Street", "Worcester", "MA", "01603"))
    prepare._look_up_claimed(here.engine, here.settings, claimed)
    assert here.view(token).lookup_status is None
    here.prepare()
    assert here.view(token).state is SubmissionState.READY


def test_nobody_waits_for_a_lease_after_a_fault_of_the_database(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    token = here.begin()

    def breaks(*_: object) -> None:
        raise OperationalError("", None, Exception("deadlock detected"))

    with monkeypatch.context() as broken:
        broken.setattr(prepare, "record_matches", breaks)
        with pytest.raises(OperationalError):
            here.prepare()
    here.prepare()
    assert here.view(token).state is SubmissionState.READY


@pytest.mark.parametrize(("geocoders", "seconds"), [("", 30), ("census", 120)])
def test_a_dead_worker_s_lookup_waits_no_longer_than_a_lookup_may_take(
    here: Here, monkeypatch: pytest.MonkeyPatch, geocoders: str, seconds: int
) -> None:
    here.begin()

    def dies(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(prepare, "_look_up_claimed", dies)
    with pytest.raises(SystemExit):
        prepare.prepare_submissions(here.engine, here.ring, replace(here.settings, geocoders=geocoders))
    with here.engine.connect() as connection:
        left = connection.scalar(text("SELECT extract(epoch FROM lease_until - now()) FROM submission"))
    assert seconds - 10 < left <= seconds


def test_one_address_that_breaks_the_lookup_harms_no_other(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    real = prepare.look_up_many

    def breaks(*args: object, **more: object) -> list[LookupResult]:
        if any(address.street == "13 Maple Street" for address in args[4]):  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(prepare, "look_up_many", breaks)
    tokens = [here.begin(f"p{n}@example.org", f"{n} Maple Street") for n in range(11, 16)]
    here.prepare()
    assert [here.view(token).state.value for token in tokens] == ["ready", "ready", "draft", "ready", "ready"]
    monkeypatch.undo()
    with here.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM submission WHERE due_at > now()")) == 1
        connection.execute(text("UPDATE submission SET due_at = now()"))
    here.prepare()
    assert here.view(tokens[2]).state is SubmissionState.READY


def test_one_letter_that_can_not_be_made_holds_up_no_other(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    real = make_letters.render_letter

    def breaks(campaign: Campaign, author: Author, office: Office) -> RenderedLetter:
        if author.email == "b@example.org":
            raise ZeroDivisionError
        return real(campaign, author, office)

    monkeypatch.setattr(make_letters, "render_letter", breaks)
    for name in "abc":
        here.send(f"{name}@example.org")
    assert here.states() == ["queued"] * 4
    monkeypatch.undo()
    here.prepare()
    assert len(here.states()) == 4
    with here.engine.begin() as connection:
        assert (
            connection.execute(text("UPDATE submission SET lease_until = now() WHERE lease_until > now()")).rowcount
            == 1
        )
    here.prepare()
    assert here.states() == ["queued"] * 6


def test_time_for_undo_begins_again_when_the_question_is_answered(here: Here) -> None:
    token = here.begin(street="PO Box 12")
    here.prepare()
    here.accept(token)
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE submission SET accepted_at = now() - interval '30 min', leaves_at = now() - interval '20 min'")
        )
    assert here.view(token).undo_until is not None
    correct_address(here.engine, here.ring, token, HomeAddress("12 Maple Street", "Worcester", "MA", "01603"))
    here.prepare()
    assert here.states() == ["queued", "queued"]
    assert here.deliver() == 0
    undo_submission(here.engine, token)
    assert here.states() == ["cancelled", "cancelled"]


def test_what_waits_for_an_answer_can_be_taken_back(here: Here) -> None:
    token = here.begin(street="PO Box 12")
    here.prepare()
    here.accept(token)
    undo_submission(here.engine, token)
    assert here.view(token).state is SubmissionState.WITHDRAWN


def test_an_address_that_mail_refuses_takes_no_other_letter_along(here: Here) -> None:
    with ScriptedSmtpServer() as server:
        here.settings = replace(here.settings, mailbox_url=server.url)
        here.send()
        with here.engine.begin() as connection:
            wrong = "no\u200bbody@practice.example"
            first = update(letter).where(letter.c.id == 1).values(recipient_email=wrong)
            holder = connection.execute(first.returning(letter.c.office_holder_id)).scalar_one()
            connection.execute(update(office_holder).where(office_holder.c.id == holder).values(email=wrong))
        here.deliver()
    assert here.states() == ["rejected", "sent"]


@pytest.mark.parametrize(
    ("script", "states", "cause"),
    [
        ({"replies": {"RCPT": "450 4.2.0 later"}}, ["deferred"] * 2, "temporary"),
        ({"replies": {"RCPT": "550 5.1.1 nobody"}}, ["rejected"] * 2, "no_such_address"),
        ({"replies": {"dot": "552 5.2.2 full"}}, ["deferred"] * 2, "mailbox_full"),
        ({"replies": {"dot": "554 no"}}, ["rejected"] * 2, "refused"),
        ({"replies": {"DATA": "250 what"}}, ["deferred"] * 2, "temporary"),
        ({"replies": {"RCPT": "550 5.7.26 unauthenticated"}}, ["queued"] * 2, "our_dns"),
        ({"drop": "DATA"}, ["deferred"] * 2, "connection"),
        ({"drop": "dot"}, ["uncertain"] * 2, "lost_after_dot"),
        ({"drop": "greeting"}, ["queued"] * 2, "connection"),
        ({"replies": {"dot": "2x0 odd"}}, ["uncertain"] * 2, "lost_after_dot"),
        ({"drop": "accepted"}, ["sent"] * 2, ""),
        ({"drop": "QUIT"}, ["sent"] * 2, ""),
    ],
)
@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelined"])
def test_the_outcome_depends_on_the_phase(
    here: Here, script: dict[str, object], states: list[str], cause: str, *, pipelining: bool
) -> None:
    with ScriptedSmtpServer(**script, pipelining=pipelining) as server:  # type: ignore[arg-type]
        here.settings = replace(here.settings, mailbox_url=server.url)
        here.send()
        here.deliver()
    assert here.states() == states
    with here.engine.connect() as connection:
        assert set(connection.scalars(select(letter.c.cause))) == {cause}
        assert count_imbalance(connection) == 0


def test_a_deferred_letter_is_tried_again_and_sent_once(here: Here) -> None:
    with ScriptedSmtpServer(replies={"RCPT": "451 later"}) as server:
        here.settings = replace(here.settings, mailbox_url=server.url)
        here.send()
        here.deliver()
        assert here.deliver(first_tries=False) == 0
        server.replies.clear()
        with here.engine.begin() as connection:
            connection.execute(update(letter).values(due_at=func.now()))
        assert here.deliver() == 0
        assert here.deliver(first_tries=False) == 2
        ids = [message.split(b"Message-ID: ")[1].split(b"\r\n")[0] for _, _, message in server.accepted]
    assert here.states() == ["sent", "sent"]
    assert len(set(ids)) == 2


def test_an_organizer_retries_and_cancels_and_the_history_says_who(here: Here) -> None:
    with ScriptedSmtpServer(replies={"RCPT": "550 5.1.1 nobody"}) as server:
        here.settings = replace(here.settings, mailbox_url=server.url)
        here.send()
        here.deliver()
        server.replies.clear()
        retry_letter(here.engine, here.ring, 1, actor="organizer:1")
        assert here.deliver() == 1
    assert here.states() == ["sent", "rejected"]
    with pytest.raises(NotAllowed):
        cancel_letter(here.engine, 1, actor="organizer:1")
    with here.engine.connect() as connection:
        actors = list(connection.scalars(select(letter_event.c.actor).where(letter_event.c.letter_id == 1)))
    assert "organizer:1" in actors


def test_a_vacant_seat_holds_its_letter_until_it_is_filled(here: Here) -> None:
    token = here.begin()
    here.prepare()
    with here.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE office_holder SET valid_to = now() WHERE office_id = 1")
    here.accept(token)
    here.prepare()
    assert sorted(here.states()) == ["held", "queued"]
    with pytest.raises(NotAllowed, match="no holder"):
        retry_letter(here.engine, here.ring, 1, actor="organizer:1")
    with here.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO office_holder (office_id, name, email, valid_from)"
            " VALUES (1, 'New Member', 'new@x.example', now())"
        )
    retry_letter(here.engine, here.ring, 1, actor="organizer:1")
    with here.engine.connect() as connection:
        body = connection.execute(select(letter.c.body).where(letter.c.id == 1)).scalar_one()
    assert "New Member" in body


def test_drafts_are_forgotten_after_a_day_but_nothing_sent_is(here: Here) -> None:
    here.begin("draft@example.org")
    here.send()
    with here.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET created_at = now() - interval '25 hours'")
    assert tidy(here.engine, here.settings) == 1
    with here.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(submission)).scalar_one() == 1


def test_the_preview_is_the_letter(here: Here) -> None:
    token = here.begin()
    here.prepare()
    shown = preview_letters(here.view(token))
    here.accept(token)
    here.prepare()
    with here.engine.connect() as connection:
        bodies = list(connection.scalars(select(letter.c.body).order_by(letter.c.id)))
    assert [" ".join(item.html.striptags().split()) for item in shown] == [" ".join(body.split()) for body in bodies]


def test_an_edited_letter_keeps_the_greeting_and_takes_no_foreign_field(here: Here) -> None:
    token = here.begin()
    here.prepare()
    with pytest.raises(InputError, match="edited_body"):
        here.accept(token, edited_subject="Hello", edited_body="Dear {{friend}}")
    with pytest.raises(InputError, match="edited_body"):
        here.accept(token, edited_subject="Hello", edited_body="I am [your name will go here]")
    here.accept(token, edited_subject="Hello", edited_body="Short and mine.")
    here.prepare()
    with here.engine.connect() as connection:
        row = connection.execute(select(letter.c.subject, letter.c.body).where(letter.c.id == 1)).one()
    assert row.subject == "Hello"
    assert row.body == "Dear Practice Representative Pat Practice,\n\nShort and mine."


def test_the_local_mailbox_decodes_what_it_keeps(here: Here) -> None:
    raw = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nTo: a@b.example\r\n\r\nHello\r\n"
    number = store_message(here.engine, sender="x@y.example", recipient="a@b.example", raw=raw)
    assert list_messages(here.engine, search="grüße").rows[0].id == number
    assert read_message(here.engine, number).text == "Hello\n"
