"""The supporter's pages as a browser without JavaScript sees them."""

import gzip
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete, func, select, update
from werkzeug.test import TestResponse

from shared.db.tables import consent, letter, submission
from shared.domain.identities import owner_key
from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign

TYPED = {
    "first_name": "Jamie",
    "last_name": "Rivera",
    "email": "jamie@example.org",
    "street": "12 Maple Street",
    "city": "Worcester",
    "zip": "01603",
}


@pytest.fixture(autouse=True)
def campaign(engine: Engine) -> None:
    make_campaign(engine)


def begin(client: FlaskClient, **typed: str) -> str:
    answer = client.post("/c/co-ops", data=TYPED | typed)
    assert answer.status_code == 303, answer.text
    return answer.location


def csrf(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def press(client: FlaskClient, path: str, action: str, **typed: object) -> TestResponse:
    page = client.get(path)
    boxes = re.findall(r'name="to" value="(\d+)" checked', page.text)
    data: dict[str, object] = {"csrf_token": csrf(page), "action": action, "own_words": ""}
    if boxes:
        data |= {"to": boxes, "boxes": "1"}
    return client.post(path, data=data | typed)


def count(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def test_the_campaign_page_is_the_same_for_everybody(client: FlaskClient) -> None:
    page = client.get("/c/co-ops")
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert "csrf" not in page.text
    assert page.headers["Cache-Control"].startswith("public")
    assert "Practice data: no real legislator is written to" in page.text


def test_from_address_to_status(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int], deliver: Callable[[], int]
) -> None:
    path = begin(client)
    waiting = client.get(path)
    assert "Finding your legislators" in waiting.text
    assert client.get(f"{path}?part=1").status_code == 204
    prepare()
    assert "Pat Practice" in client.get(f"{path}?part=1").text
    page = client.get(path)
    assert "Practice Representative Pat Practice" in page.text
    assert "Send my 2 letters" in page.text
    sent = press(client, path, "send", own_words="Mine & <yours>", consents="Neighbors United")
    assert sent.status_code == 303
    prepare()
    status = client.get(sent.location)
    assert "Thank you, Jamie" in status.text
    assert "Mine &amp; &lt;yours&gt;" in status.text
    assert status.text.count('class="chip queued"') == 2
    assert "Delivered</" in status.text
    with engine.connect() as connection:
        agreed = connection.execute(select(consent)).mappings().one()
    assert agreed["organization"] == "Neighbors United"
    assert agreed["wording"] == "Email me about this campaign and others. From Neighbors United. Unsubscribe any time."
    assert (agreed["language"], agreed["source"], agreed["withdrawn_at"]) == ("en", "letter page", None)
    assert agreed["wording"].partition(" From")[0] in page.text


def test_ticked_boxes_stay_ticked_and_are_agreed_to_by_send_alone(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client)
    prepare()
    box = 'name="consents" value="Neighbors United" checked'
    press(client, path, "edit", own_words="", consents="Neighbors United")
    assert box in client.get(f"{path}?edit=1").text
    assert count(engine, consent) == 0
    address = {"street": "1 Elm Street", "city": "Elsewhere", "action": "address"}
    client.post(path, data=address | {"csrf_token": csrf(client.get(path))})
    assert box in client.get(path).text
    press(client, path, "edit", own_words="")
    assert box not in client.get(path).text
    press(client, path, "send", own_words="")
    assert count(engine, consent) == 0


def test_send_works_before_the_lookup_is_done(client: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> None:
    sent = press(client, begin(client), "send")
    assert "/s/" in sent.location
    prepare()
    assert count(engine, letter) == 2


def test_sending_twice_makes_one_set_of_letters(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client)
    prepare()
    page = client.get(path)
    data = {"csrf_token": csrf(page), "action": "send", "own_words": ""}
    assert {client.post(path, data=data).location for _ in range(5)} == {path.replace("/c/co-ops/letter", "/s")}
    prepare()
    assert count(engine, letter) == 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"street": ""}, "Enter your home street address"),
        ({"email": "jamie"}, "Enter an email address in the form"),
        ({"zip": "ABC"}, "Enter a ZIP code with 5 digits"),
        ({"first_name": " "}, "Enter your first name"),
    ],
)
def test_mistakes_are_named_and_nothing_typed_is_lost(client: FlaskClient, typed: dict[str, str], words: str) -> None:
    answer = client.post("/c/co-ops", data=TYPED | typed)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert answer.text.count(words) == 2
    assert 'value="Rivera"' in answer.text
    assert 'role="alert"' in answer.text


def test_going_back_and_starting_over_keep_where_a_person_came_from(client: FlaskClient, engine: Engine) -> None:
    path = client.post("/c/co-ops?source=flyer-7", data=TYPED).location
    page = client.get(path)
    assert 'href="/c/co-ops?source=flyer-7#form"' in page.text
    over = re.search(r'id="forget" action="([^"]+)"', page.text)
    assert over
    again = client.post(over[1], data={"csrf_token": csrf(page)})
    assert again.location == "/c/co-ops?source=flyer-7#form"


def test_who_fills_the_hidden_field_is_asked_and_loses_no_words(client: FlaskClient, engine: Engine) -> None:
    filled = TYPED | {"website": "https://x.example"}
    page = client.post("/c/co-ops", data=filled)
    assert page.status_code == 422
    assert "Check what you typed" in page.text
    for typed in TYPED.values():
        assert f'value="{typed}"' in page.text
    assert count(engine, submission) == 0
    # The browser that filled it in finds nothing more to fill in, on no page that follows.
    assert 'name="website"' not in page.text
    for other in ({"street": ""}, {"email": "jamie@gmial.com"}):
        page = client.post("/c/co-ops", data=filled | other)
        assert (page.status_code, 'name="website"' in page.text) == (422, False)
    assert client.post("/c/co-ops", data=TYPED).status_code == 303


def test_step_two_needs_its_token(client: FlaskClient, engine: Engine) -> None:
    path = begin(client)
    answer = client.post(path, data={"action": "send", "own_words": ""})
    assert answer.status_code == 400
    assert "This page was open for a long time." in answer.text


def test_public_answers_carry_no_cookie_of_a_person(client: FlaskClient) -> None:
    begin(client)
    page = client.get("/c/co-ops")
    assert "Set-Cookie" not in page.headers
    other = client.post("/c/co-ops", data=TYPED, headers={"Origin": "http://["})
    assert "Set-Cookie" not in other.headers


def test_another_browser_sees_states_only(client: FlaskClient, app: object, prepare: Callable[[], int]) -> None:
    path = begin(client)
    prepare()
    status = press(client, path, "send", own_words="My secret reason").location
    prepare()
    stranger = app.test_client()  # type: ignore[attr-defined]
    assert stranger.get(path).status_code == 403
    seen = stranger.get(status)
    assert "Waiting to leave" in seen.text
    for private in ("Jamie", "Maple", "jamie@example.org", "secret reason", "Undo"):
        assert private not in seen.text
    assert stranger.post(f"{status}/undo").status_code in (400, 404)


def test_the_emailed_link_opens_the_page_and_a_forged_one_does_not(
    client: FlaskClient, app: object, settings: Settings, prepare: Callable[[], int]
) -> None:
    path = begin(client)
    prepare()
    press(client, path, "send")
    token = path.rsplit("/", 1)[1]
    other = app.test_client()  # type: ignore[attr-defined]
    assert other.get(f"/mine/{token}/{'a' * 26}").status_code == 404
    answer = other.get(f"/mine/{token}/{owner_key(settings.secret_key, token)}", follow_redirects=True)
    assert "Thank you, Jamie" in answer.text


def test_a_bad_address_is_a_question_that_can_be_answered(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client, street="PO Box 7")
    prepare()
    page = client.get(path)
    assert "post office box" in page.text
    assert 'data-key="go" data-keep hidden' in page.text
    corrected = press(client, path, "address", street="7 Main Street", city="Worcester", zip="", own_words="Keep this")
    assert corrected.status_code == 303
    prepare()
    page = client.get(path)
    assert "Pat Practice" in page.text
    assert "Keep this" in page.text
    assert count(engine, submission) == 1


def test_editing_without_javascript(client: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> None:
    path = begin(client)
    prepare()
    edit = press(client, path, "edit", own_words="I bake.")
    page = client.get(edit.location)
    assert "Dear <mark>Practice Representative</mark>" in page.text
    assert "I bake.\n\nPlease vote" in page.text
    press(
        client,
        f"{path}?edit=1",
        "save",
        edited_subject="Bread",
        edited_body="Only this, {braces}.",
        own_words="I bake.",
    )
    assert "Only this, {braces}." in client.get(path).text
    press(client, path, "send")
    prepare()
    with engine.connect() as connection:
        row = connection.execute(select(letter.c.subject, letter.c.body)).first()
    assert row is not None
    assert row.subject == "Bread"
    assert row.body.endswith("Only this, {braces}.")


def test_unticking_everybody_is_a_mistake(client: FlaskClient, prepare: Callable[[], int]) -> None:
    path = begin(client)
    prepare()
    answer = press(client, path, "send", to=[], own_words="Still here")
    assert answer.status_code == 422
    assert "Choose at least one legislator" in answer.text
    assert "Still here" in answer.text


def test_a_closed_campaign_takes_no_letters(client: FlaskClient, engine: Engine) -> None:
    path = begin(client)
    page = client.get(path)
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    closed = client.get("/c/co-ops")
    assert "This campaign has ended" in closed.text
    assert "was not sent" not in closed.text
    for answer, status in (
        (client.post(path, data={"csrf_token": csrf(page), "action": "send", "own_words": ""}), 409),
        (client.get(path), 200),
        (client.post("/c/co-ops", data=TYPED), 409),
        (client.post("/c/co-ops", data=TYPED | {"street": ""}), 409),
    ):
        assert answer.status_code == status
        assert "This campaign has ended" in answer.text
        assert "Your letter was not sent" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert count(engine, letter) == 0


def test_unknown_pages_say_so(client: FlaskClient) -> None:
    for path in ("/c/none", "/s/none", "/nowhere", "/mine/none/none"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "<h1" in answer.text


def test_characters_that_no_keyboard_types_are_refused(client: FlaskClient) -> None:
    for path in ("/c/%00", "/s/%00", "/c/co-ops?source=%00"):
        assert client.get(path).status_code == 400


@pytest.mark.parametrize("to", [["99"], ["99999999999999999999999"], ["-1", "x"], ["²"]])
def test_hand_made_choices_name_no_office(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int], to: list[str]
) -> None:
    path = begin(client)
    prepare()
    assert press(client, path, "send", to=to).status_code == 422
    assert press(client, path, "address", suggestion="²", street="").status_code == 422
    assert count(engine, letter) == 0


def test_private_pages_are_not_kept(client: FlaskClient, prepare: Callable[[], int]) -> None:
    path = begin(client)
    for page in (client.get(path), client.get(press(client, path, "send").location)):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_pages_and_their_files_travel_compressed(client: FlaskClient) -> None:
    page = client.get("/c/co-ops", headers={"Accept-Encoding": "gzip"})
    files = re.findall(r'"(/static/[^"#]+\.(?:css|js)[^"#]*)"', gzip.decompress(page.data).decode())
    # The fonts' names are too few to gain by it.
    large = [file for file in files if "fonts.css" not in file]
    assert (len(files), len(large)) == (5, 4)
    for file in large:
        answer = client.get(file, headers={"Accept-Encoding": "gzip"}, buffered=True)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert len(gzip.decompress(answer.data)) > len(answer.data)


def test_health(client: FlaskClient) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json == {"status": "ready", "problems": []}


def test_who_sent_may_still_agree_to_hear_more_and_nobody_else(
    client: FlaskClient, app: Flask, engine: Engine, prepare: Callable[[], int]
) -> None:
    status = press(client, begin(client), "send").location
    prepare()
    page = client.get(status)
    assert "Yes, email me" in page.text
    agree = {"csrf_token": csrf(page), "organization": "Neighbors United"}
    assert client.post(f"{status}/updates", data={"organization": "Neighbors United"}).status_code == 400
    assert app.test_client().post(f"{status}/updates", data=agree).status_code in (400, 404)
    client.post(f"{status}/updates", data=agree | {"organization": "Somebody Else"})
    assert count(engine, consent) == 0
    assert {client.post(f"{status}/updates", data=agree).status_code for _ in range(2)} == {303}
    with engine.connect() as connection:
        agreed = connection.execute(select(consent)).mappings().one()
    assert (agreed["organization"], agreed["source"]) == ("Neighbors United", "status page")
    assert agreed["wording"] == "Email me about this campaign and others. From Neighbors United. Unsubscribe any time."
    page = client.get(status)
    assert "Neighbors United may email you." in page.text
    assert "Yes, email me" not in page.text
    with engine.begin() as connection:
        connection.execute(delete(consent))
        connection.execute(update(submission).values(erase_requested_at=func.now()))
    assert client.post(f"{status}/updates", data=agree).status_code == 404
    assert count(engine, consent) == 0


def test_a_page_that_expired_comes_back_as_it_was_typed(
    client: FlaskClient, app: Flask, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client)
    prepare()
    typed = {
        "csrf_token": "old",
        "action": "send",
        "own_words": "",
        "edited_subject": "Mine",
        "edited_body": "My <own>",
    }
    again = client.post(path, data=typed)
    assert again.status_code == 400
    assert "What you typed is still here: press the button once more." in again.text
    assert 'value="Mine"' in again.text
    assert "My &lt;own&gt;</textarea>" in again.text
    assert client.post(path, data=typed | {"csrf_token": csrf(again)}).status_code == 303
    # Sent by now, somebody else's, or gone: the page that every form has.
    assert "This page has expired" in client.post(path, data=typed).text
    stranger = app.test_client().post(path, data=typed)
    assert "This page has expired" in stranger.text
    assert "Jamie" not in stranger.text


def test_the_thanks_follow_what_the_lookup_finds(client: FlaskClient, app: Flask, prepare: Callable[[], int]) -> None:
    press(client, begin(client), "send")
    prepare()
    other = app.test_client()
    status = press(other, begin(other), "send").location
    assert "We have your letters." in other.get(f"{status}?part=1").text
    prepare()
    part = other.get(f"{status}?part=1").text
    assert "We have your letters." not in part
    assert "Each office gets one letter per person." in part


def test_the_enter_key_does_what_the_page_asks_for_and_never_sends(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client, street="PO Box 7")
    prepare()
    first = re.search(r'<button form="letter"[^>]*>', client.get(path).text)
    assert first
    assert 'value="enter"' in first[0]
    mended = press(client, path, "enter", street="12 Maple Street", city="Worcester", zip="01603")
    assert mended.location == path
    prepare()
    press(client, path, "enter", edited_subject="Mine", edited_body="My own letter.")
    assert "My own letter." in client.get(path).text
    with engine.connect() as connection:
        assert connection.scalar(select(submission.c.accepted_at)) is None


def test_a_letter_that_depends_on_the_offices_is_not_shown_before_they_are_known(
    engine: Engine, client: FlaskClient
) -> None:
    head = '[[versions]]\nname = "house"\nchambers = ["lower"]\n+++\n<!-- page -->'
    text = CAMPAIGN.replace("+++\n<!-- page -->", head)
    make_campaign(engine, text.replace("<!-- letter -->", "<!-- letter: house -->"))
    path = begin(client)
    page = client.get(path).text
    assert "What your letter says depends on who represents you." in page
    assert "co-op bill" not in page
    edited = client.get(press(client, path, "edit").location)
    assert edited.status_code == 200
    assert "What your letter says depends on who represents you." in edited.text


def test_a_campaign_s_last_day_is_its_own_time_zone_s(client: FlaskClient, engine: Engine) -> None:
    """The end of November 30 in Los Angeles is December 1 in New York."""
    west = CAMPAIGN.replace("host =", 'timezone = "America/Los_Angeles"\ndeadline = 2036-11-30\nhost =')
    make_campaign(engine, west)
    assert "Open until November 30, 2036" in client.get("/c/co-ops").text
