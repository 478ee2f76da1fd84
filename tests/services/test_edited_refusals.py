"""Refusals of what supporters wrote themselves say nothing about a domain: nothing waits for them, nothing is held."""

import pytest

from tests.services.filters import HELD, POLICY, Office, write
from tests.smtp_server import ScriptedSmtpServer

SPAM = "550 5.7.1 Message rejected as spam"


@pytest.mark.parametrize("connections", [1, 8])
def test_no_letter_waits_where_supporters_words_are_refused(office: Office, connections: int) -> None:
    write(office, 200)
    office.post.change("UPDATE submission SET own_words = 'Angry words.'")
    office.post.change("UPDATE relay_state SET max_connections = :most", most=connections)
    office.post.change("UPDATE domain_pace SET allowance = NULL, seconds_per_letter = 0.01, connections = 8")
    with ScriptedSmtpServer(replies={"dot": SPAM}) as server:
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.states() == {"rejected": 200, "cancelled": 2}
    put_back = (
        "SELECT count(*) FROM letter_event WHERE from_state = 'sending' AND to_state = 'queued' AND cause = 'content'"
    )
    assert office.post.ask(put_back) == [(0,)]


def test_a_domain_that_takes_most_letters_is_not_held_for_edited_ones(office: Office) -> None:
    write(office, 60)
    tried = 0
    # The server refuses every seventh unedited letter, then five edited letters in a row.
    edited = range(40, 45)
    ids = [
        number for (number,) in office.post.ask("SELECT id FROM letter WHERE transport = 'relay' ORDER BY due_at, id")
    ]
    office.post.change(
        "UPDATE submission SET own_words = 'Angry words.' WHERE id IN"
        " (SELECT submission_id FROM letter WHERE id = ANY(:ids))",
        ids=[ids[place] for place in edited],
    )
    with ScriptedSmtpServer() as server:

        def before(verb: str) -> None:
            nonlocal tried
            if verb == "DATA":
                reply = SPAM if tried in edited else POLICY if tried % 7 == 3 and tried < 35 else ""
                server.replies = {"dot": reply} if reply else {}
                tried += 1

        server.on_verb = before
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.states() == {"sent": 50, "rejected": 10, "cancelled": 2}
