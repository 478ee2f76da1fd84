"""The organizer's pages against wrong input, wrong moves and too many tries."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from shared.clock import now
from shared.db.tables import letter_event
from shared.domain.states import CampaignState, LetterState
from shared.services.campaigns import change_campaign_state
from shared.services.dashboard import LiveCounts
from shared.services.organizers import SOURCE_TRIES, issue_one_time_password
from tests.web.test_organizer import EMAIL, letters, press, sign_in, signed_in

# Pytest finds fixtures by their name in this module.
__all__ = ["letters", "signed_in"]

TOO_LARGE = 2**63
BANNER = "You signed in with a one-time password"
GOOD_PASSWORD = "four quiet green ducks"


def test_too_many_wrong_tries_lock_even_the_right_password(app: Flask, engine: Engine) -> None:
    press(sign_in(app.test_client(), engine), "/admin/password", password=GOOD_PASSWORD)
    stranger = app.test_client()
    for _ in range(SOURCE_TRIES):
        wrong = press(stranger, "/admin/sign-in", email=EMAIL, password="a guess")
    locked = press(stranger, "/admin/sign-in", email=EMAIL, password=GOOD_PASSWORD)
    assert (wrong.status_code, locked.status_code) == (422, 422)
    assert "too many tries" in locked.text
    assert stranger.get("/admin/").status_code == 303
    # What the page tells a locked-out organizer to do helps.
    fresh = issue_one_time_password(engine, EMAIL)
    assert press(stranger, "/admin/sign-in", email=EMAIL, password=fresh).status_code == 303


def test_the_banner_about_a_one_time_password_goes_with_a_password_of_ones_own(signed_in: FlaskClient) -> None:
    assert BANNER in signed_in.get("/admin/").text
    assert BANNER in signed_in.get("/admin/mailbox").text
    press(signed_in, "/admin/password", password=GOOD_PASSWORD)
    assert BANNER not in signed_in.get("/admin/").text


def test_retry_and_cancel_leave_the_organizer_in_the_history(
    signed_in: FlaskClient, engine: Engine, letters: list[int]
) -> None:
    path = f"/admin/letters/{letters[0]}"
    press(signed_in, f"{path}/cancel")
    press(signed_in, path, f"{path}/retry")
    query = select(letter_event.c.to_state, letter_event.c.actor).where(letter_event.c.letter_id == letters[0])
    with engine.connect() as connection:
        events = connection.execute(query.order_by(letter_event.c.id)).all()
    assert [tuple(event) for event in events[-2:]] == [("cancelled", "organizer:1"), ("queued", "organizer:1")]


@pytest.mark.parametrize(
    "path",
    [
        f"/admin/letters/{TOO_LARGE}",
        f"/admin/letters/{TOO_LARGE}/cancel",
        f"/admin/mailbox/{TOO_LARGE}",
        f"/admin/mailbox/{TOO_LARGE}/html",
        f"/admin/mailbox/{TOO_LARGE}/raw",
        f"/admin/letters/{TOO_LARGE - 1}",
        "/admin/campaigns/nothing",
        "/admin/campaigns/nothing/live",
    ],
)
def test_what_is_not_there_is_not_found(signed_in: FlaskClient, path: str) -> None:
    assert signed_in.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/admin/mailbox?q=%00", "/admin/campaigns/co-ops?q=%00", "/admin/campaigns/%00"])
def test_a_character_that_nobody_can_type_is_refused(signed_in: FlaskClient, path: str) -> None:
    assert signed_in.get(path).status_code == 400


def test_such_a_character_is_no_crash_at_the_door_either(client: FlaskClient) -> None:
    assert press(client, "/admin/sign-in", email="a\0b@example.org", password="x").status_code == 400


def test_a_move_that_is_not_possible_is_not_offered(signed_in: FlaskClient) -> None:
    answer = signed_in.get("/admin/campaigns/co-ops/state/paused")
    assert (answer.status_code, answer.location) == (303, "/admin/campaigns/co-ops")
    assert "can&#39;t become paused" in signed_in.get("/admin/campaigns/co-ops").text


def test_resuming_is_called_so_and_says_what_waits(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    state = "/admin/campaigns/co-ops/state"
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    press(signed_in, f"{state}/paused")
    page = signed_in.get(f"{state}/live").text
    assert "<h1>Resume sending?</h1>" in page
    assert "6 letters that wait leave when due." in page
    assert "Resume sending" in signed_in.get("/admin/campaigns/co-ops").text


def test_a_chosen_state_is_shown_even_when_no_letter_is_in_it(signed_in: FlaskClient, letters: list[int]) -> None:
    page = signed_in.get("/admin/campaigns/co-ops?state=quarantined").text
    assert page.count('aria-current="true"') == 1
    assert "No letter fits" in page


def test_a_hundred_percent_is_only_said_when_all_are_out(
    signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(sent: int) -> str:
        by_state = dict.fromkeys(LetterState, 0) | {LetterState.SENT: sent, LetterState.QUEUED: 10_000 - sent}
        counts = LiveCounts(5_000, 10_000, 10_000, by_state, 0, 0, balanced=True, attention=0, as_of=now())
        monkeypatch.setattr("web.admin.campaigns.dashboard.live_counts", lambda *_: counts)
        return signed_in.get("/admin/campaigns/co-ops/live").text.partition("<dt>Sent</dt><dd>")[2].partition("%")[0]

    assert (share(9_999), share(10_000)) == ("99.9", "100.0")
