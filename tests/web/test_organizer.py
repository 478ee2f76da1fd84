"""The organizer's pages: nothing opens without a session, and every action says what it did."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from shared.db.tables import campaign, failing_part, letter
from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.domain.supporter_input import SupporterDetails
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.campaigns import change_campaign_state
from shared.services.mailbox import store_message
from shared.services.organizers import issue_one_time_password
from shared.services.simulation import create_simulation
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, make_draft
from web.admin.guard import OPEN_ENDPOINTS
from web.app import create_app

EMAIL = "organizer@example.org"


def press(client: FlaskClient, page: str, path: str = "", **typed: str) -> TestResponse:
    """Posts the form of `page`, to another address when `path` says so."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert token
    return client.post(path or page, data={"csrf_token": token[1], **typed})


def sign_in(client: FlaskClient, engine: Engine) -> FlaskClient:
    password = issue_one_time_password(engine, EMAIL)
    assert press(client, "/admin/sign-in", email=EMAIL, password=password).location == "/admin/"
    return client


@pytest.fixture
def signed_in(client: FlaskClient, engine: Engine) -> FlaskClient:
    make_draft(engine)
    return sign_in(client, engine)


@pytest.fixture
def letters(engine: Engine, ring: Ring, settings: Settings, prepare: Callable[[], int]) -> list[int]:
    """Three supporters' letters, queued."""
    make_draft(engine)
    for first, city in (("Jamie", "Worcester"), ("Ana", "Natick"), ("Wei", "Quincy")):
        address = HomeAddress("12 Maple Street", city, "MA", "")
        details = SupporterDetails(first, "Rivera", f"{first.lower()}@example.org", address)
        token = begin_submission(engine, ring, settings, "co-ops", details)
        accept_submission(engine, ring, settings, token, own_words="")
    prepare()
    with engine.connect() as connection:
        return list(connection.scalars(select(letter.c.id).order_by(letter.c.id)))


def test_every_organizer_page_asks_for_a_session(app: Flask) -> None:
    client = app.test_client()
    values: dict[str, object] = {"slug": "co-ops", "state": "live", "move": "pause", "code": "flyer", "step": "page"}
    with app.test_request_context():
        adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]
    assert len(rules) > 10
    for rule in rules:
        assert rule.endpoint.startswith("admin."), rule
        if rule.endpoint in OPEN_ENDPOINTS:
            continue
        address = adapter.build(rule.endpoint, {name: values.get(name, 1) for name in rule.arguments})
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = client.open(address, method=method)
            guarded = answer.status_code == 303 and answer.location.startswith("/admin/sign-in")
            # A POST without a token is refused before anybody asks who it is from.
            assert guarded or (method == "POST" and answer.status_code == 400), (method, address)
            assert "no-store" in answer.headers["Cache-Control"]


def test_only_the_sign_in_page_and_invitations_are_open() -> None:
    assert frozenset({"admin.sign_in", "admin.sign_in_code", "admin.join"}) == OPEN_ENDPOINTS


def test_a_wrong_password_and_an_unknown_person_get_the_same_words(client: FlaskClient, engine: Engine) -> None:
    issue_one_time_password(engine, EMAIL)
    words = {
        re.sub(r'value="[^"]*"', "", press(client, "/admin/sign-in", email=email, password="wrong").text)
        for email in (EMAIL, "nobody@example.org")
    }
    assert len(words) == 1
    assert "Email or password is wrong" in words.pop()


def test_a_one_time_password_opens_once(app: Flask, engine: Engine) -> None:
    password = issue_one_time_password(engine, EMAIL)
    first = press(app.test_client(), "/admin/sign-in", email=EMAIL, password=password)
    again = press(app.test_client(), "/admin/sign-in", email=EMAIL, password=password)
    assert (first.status_code, again.status_code) == (303, 422)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/admin//evil.example", "/c/co-ops"])
def test_signing_in_leads_nowhere_else(client: FlaskClient, engine: Engine, wanted: str) -> None:
    password = issue_one_time_password(engine, EMAIL)
    answer = press(client, "/admin/sign-in", f"/admin/sign-in?next={wanted}", email=EMAIL, password=password)
    assert answer.location == "/admin/"


def test_signing_in_leads_back_to_the_page_that_was_asked_for(client: FlaskClient, engine: Engine) -> None:
    door = client.get("/admin/mailbox").location
    password = issue_one_time_password(engine, EMAIL)
    assert press(client, door, email=EMAIL, password=password).location == "/admin/mailbox"


def test_a_new_password_ends_other_sessions(app: Flask, engine: Engine) -> None:
    one, other = sign_in(app.test_client(), engine), sign_in(app.test_client(), engine)
    weak = press(one, "/admin/password", password="short")
    assert weak.status_code == 422
    assert "Use 12 to 200 characters" in weak.text
    press(one, "/admin/password", password="four quiet green ducks")
    assert one.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 303
    again = press(app.test_client(), "/admin/sign-in", email=EMAIL, password="four quiet green ducks")
    assert again.status_code == 303


def test_signing_in_and_out_keeps_the_letters_begun_here(signed_in: FlaskClient, engine: Engine) -> None:
    make_campaign(engine)
    typed = {"first_name": "J", "last_name": "R", "email": "j@example.org", "street": "1 A Street", "city": "Natick"}
    press(signed_in, "/admin/password", "/admin/sign-out")
    path = signed_in.post("/c/co-ops", data=typed).location
    sign_in(signed_in, engine)
    assert signed_in.get(path).status_code == 200
    press(signed_in, "/admin/password", "/admin/sign-out")
    assert signed_in.get(path).status_code == 200
    assert signed_in.get("/admin/").status_code == 303


def test_the_live_page_counts_and_the_table_finds(signed_in: FlaskClient, letters: list[int]) -> None:
    page = signed_in.get("/admin/campaigns/co-ops").text
    assert "All 6 letters are accounted for." in page
    found = signed_in.get("/admin/campaigns/co-ops?q=natick&state=queued").text
    assert "Ana Rivera" in found
    assert "Wei Rivera" not in found
    assert "No letter fits" in signed_in.get("/admin/campaigns/co-ops?q=%25").text
    page = signed_in.get("/admin/campaigns/co-ops?state=nonsense&before=99&after=x-1").text
    assert page.partition('id="letters"')[2].count("<tr><td>") == 6
    live = signed_in.get("/admin/campaigns/co-ops/live")
    assert "<html" not in live.text
    assert "Ana Rivera" not in live.text
    assert len(live.data) < 6000


def test_the_table_turns_its_pages(signed_in: FlaskClient, letters: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.services.letters_table.PAGE_SIZE", 2)
    path = "/admin/campaigns/co-ops?state=queued&q=rivera"
    shown, pages = [], []
    for _ in range(3):
        page = signed_in.get(path).text
        shown += re.findall(r"/admin/letters/(\d+)", page)
        turns = {words: address for address, words in re.findall(r'class="btn t" href="([^"#]+)#letters">(\w+)<', page)}
        pages.append(set(turns))
        path = turns.get("Older", "").replace("&amp;", "&")
    assert sorted(map(int, shown)) == letters
    assert pages == [{"Older"}, {"Newest", "Newer", "Older"}, {"Newest", "Newer"}]
    assert "state=queued" in turns["Newer"]
    assert "q=rivera" in turns["Newest"]
    assert "6 letters when last counted" in signed_in.get("/admin/campaigns/co-ops").text


def test_a_lost_letter_is_an_alarm(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM letter_event WHERE letter_id = 1")
        connection.exec_driver_sql("DELETE FROM letter WHERE id = 1")
    page = signed_in.get("/admin/campaigns/co-ops").text
    assert 'role="alert"' in page
    assert "1 letter is missing" in page
    for path in ("/admin/", "/admin/mailbox", "/admin/campaigns/co-ops/live"):
        assert "<b>1 letter is not accounted for.</b>" in signed_in.get(path).text, path


def test_cancel_asks_first_and_retry_says_who(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    path = f"/admin/letters/{letters[0]}"
    assert "Jamie Rivera" in signed_in.get(f"{path}/cancel").text
    assert state_of(engine, letters[0]) == "queued"
    assert "cancelled" in signed_in.get(press(signed_in, f"{path}/cancel").location).text
    assert state_of(engine, letters[0]) == "cancelled"
    too_late = press(signed_in, path, f"{path}/cancel")
    assert too_late.location == path
    assert "can&#39;t be cancelled" in signed_in.get(path).text
    press(signed_in, path, f"{path}/retry")
    assert state_of(engine, letters[0]) == "queued"
    assert "By you." in signed_in.get(path).text


def test_nothing_happens_without_the_form_token(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    for path in (f"/admin/letters/{letters[0]}/cancel", "/admin/campaigns/co-ops/state/live", "/admin/sign-out"):
        assert signed_in.post(path).status_code == 400
    assert state_of(engine, letters[0]) == "queued"


def test_going_live_the_first_time_is_the_publish_lists(signed_in: FlaskClient, engine: Engine) -> None:
    for answer in (
        signed_in.get("/admin/campaigns/co-ops/state/live"),
        press(signed_in, "/admin/password", "/admin/campaigns/co-ops/state/live"),
    ):
        assert answer.location == "/admin/campaigns/co-ops/edit/publish"
    with engine.connect() as connection:
        assert connection.execute(select(campaign.c.state)).scalar_one() == "draft"


def test_a_simulated_campaign_is_not_offered_to_go_live(signed_in: FlaskClient, engine: Engine) -> None:
    create_simulation(engine)
    assert "/state/live" in signed_in.get("/admin/campaigns/co-ops").text
    assert "/state/live" not in signed_in.get("/admin/campaigns/simulation").text


def test_resuming_says_what_is_missing(signed_in: FlaskClient, engine: Engine) -> None:
    for state in (CampaignState.LIVE, CampaignState.PAUSED):
        change_campaign_state(engine, "co-ops", state, actor="test")
    page = signed_in.get("/admin/campaigns/co-ops/state/live").text
    assert "No mail relay" in page
    assert "practice" in page.lower()
    press(signed_in, "/admin/campaigns/co-ops/state/live")
    with engine.connect() as connection:
        assert connection.execute(select(campaign.c.state)).scalar_one() == "live"
    assert signed_in.get("/admin/campaigns/co-ops/state/nonsense").status_code == 404
    assert press(signed_in, "/admin/password", "/admin/campaigns/co-ops/state/live").status_code == 303
    assert "can&#39;t become live" in signed_in.get("/admin/campaigns/co-ops").text


def test_the_mailbox_shows_mail_and_gives_it_no_power(signed_in: FlaskClient, engine: Engine) -> None:
    raw = (
        b"From: a@b.example\r\nTo: c@d.example\r\nSubject: <b>Hi</b>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<script>alert(1)</script><p>Hello</p>\r\n"
    )
    number = store_message(engine, sender="a@b.example", recipient="c@d.example", raw=raw)
    assert "&lt;b&gt;Hi&lt;/b&gt;" in signed_in.get("/admin/mailbox?q=hi").text
    page = signed_in.get(f"/admin/mailbox/{number}")
    assert "<script>alert" not in page.text
    shown = signed_in.get(f"/admin/mailbox/{number}/html")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    assert signed_in.get(f"/admin/mailbox/{number}/raw").data == raw
    assert signed_in.get("/admin/mailbox/999").status_code == 404


def test_cookies_and_headers_over_https(settings: Settings, engine: Engine, ring: Ring) -> None:
    client = create_app(replace(settings, public_url="https://letters.example"), engine, ring).test_client()
    answer = client.get("/admin/sign-in", base_url="https://letters.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-dearrep=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert len(answer.headers["X-Request-Id"]) == 16


def test_a_request_brings_no_number_of_its_own(client: FlaskClient) -> None:
    assert client.get("/health/live", headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] != "mine"


def test_files_are_kept_by_browsers_under_an_address_that_follows_their_content(client: FlaskClient) -> None:
    page = client.get("/admin/sign-in").text
    address = re.search(r'href="(/static/admin\.css\?v=\w+)"', page)
    assert address
    with client.get(address[1]) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_pages_are_compressed_for_who_asks(signed_in: FlaskClient) -> None:
    zipped = signed_in.get("/c/co-ops", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in zipped.headers["Vary"]
    assert "Content-Encoding" not in signed_in.get("/c/co-ops", headers={"Accept-Encoding": ""}).headers


def test_not_ready_says_why_without_secrets(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    try:
        answer = client.get("/health/ready")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    assert answer.status_code == 503
    assert "dearrep db upgrade" in answer.text
    assert "postgresql://" not in answer.text


def state_of(engine: Engine, letter_id: int) -> str:
    with engine.connect() as connection:
        return connection.execute(select(letter.c.state).where(letter.c.id == letter_id)).scalar_one()


def test_a_cause_is_said_in_plain_words(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    with engine.begin() as connection:
        connection.execute(update(letter).where(letter.c.id == letters[0]).values(cause="mailbox_full"))
    page = signed_in.get(f"/admin/letters/{letters[0]}").text
    assert "The mailbox is full." in page
    assert "Letter written" in page


def test_a_state_that_was_changed_since_the_page_was_opened_stays(signed_in: FlaskClient, engine: Engine) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    path = "/admin/campaigns/co-ops/state/closed"
    assert 'name="seen" value="live"' in signed_in.get(path).text
    change_campaign_state(engine, "co-ops", CampaignState.WON, actor="organizer:99")
    assert press(signed_in, path, seen="live").status_code == 303
    with engine.connect() as connection:
        assert connection.execute(select(campaign.c.state)).scalar_one() == "won"
    page = signed_in.get("/admin/campaigns/co-ops").text
    assert "Organizer 99 changed" in page
    assert "to “won” at " in page


def test_a_part_of_the_sweep_that_fails_is_said_on_every_page(signed_in: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(failing_part.insert().values(part="expire letters", failures=2, error="KeyError"))
    assert "expire letters: 2 failures since" in signed_in.get("/admin/").text
