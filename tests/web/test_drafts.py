"""Before a campaign is published, only its own people and visitors with a preview link see its pages."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, insert, select, text, update
from werkzeug.test import TestResponse

from shared.db.tables import campaign_preview, invitation, membership, organizer
from shared.domain.permissions import Role
from shared.domain.states import CampaignState
from shared.paths import ROOT
from shared.queue.ring import Ring
from shared.services.campaigns import change_campaign_state
from shared.services.editor.new import duplicate_campaign
from shared.services.invitations import invite
from shared.services.previews import MOST_LINKS, create_preview, renew_preview, revoke_preview
from shared.services.simulation import create_simulation
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_draft, make_supporter, write_letters
from tests.web.test_organizer import press as press_form
from tests.web.test_organizer import sign_in
from tests.web.test_supporter import TYPED, begin, press
from web.context import EXTENSION

NOTICE = "Preview: not published. Letters go to the test inbox."
PUBLISH = "/admin/campaigns/co-ops/edit/publish"
UNKNOWN = "co-opx"
VALUES = {"token": "A" * 22, "key": "b" * 26, "letter_id": 1}


@pytest.fixture
def draft(engine: Engine) -> None:
    make_draft(engine)


@pytest.fixture
def link(engine: Engine, draft: None) -> str:
    return create_preview(engine, "co-ops", actor="organizer:1")


@pytest.fixture
def member(app: Flask, engine: Engine, draft: None) -> FlaskClient:
    """A viewer of this campaign only."""
    return member_of(app, engine, 1)


def member_of(app: Flask, engine: Engine, campaign_id: int) -> FlaskClient:
    client = app.test_client()
    sign_in(client, engine)
    with engine.begin() as connection:
        connection.execute(update(organizer).values(runs_installation=False))
        connection.execute(insert(membership).values(organizer_id=1, campaign_id=campaign_id, role=Role.VIEWER))
    return client


def campaign_paths(app: Flask, slug: str) -> Iterator[tuple[str, str]]:
    """Every page under a campaign's address, with each of its methods."""
    for rule in app.url_map.iter_rules():
        if "slug" in rule.arguments and not rule.endpoint.startswith("admin."):
            with app.test_request_context():
                built = rule.build({**VALUES, "slug": slug})
            assert built
            yield from ((method, built[1]) for method in sorted((rule.methods or set()) - {"OPTIONS"}))


def answers(client: FlaskClient, app: Flask, slug: str) -> list[tuple[str, int, str, dict[str, str]]]:
    """What a stranger gets, without what names the address and the request."""
    found = []
    for method, path in campaign_paths(app, slug):
        answer = client.open(path, method=method, data=TYPED if method == "POST" else None)
        headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Set-Cookie")}
        said = re.sub(r"value=\"[^\"]+\"", "", answer.text.replace(slug, "SLUG"))
        found.append((f"{method} {path.replace(slug, 'SLUG')}", answer.status_code, said, headers))
    return found


def test_a_stranger_gets_the_answers_of_an_address_without_a_campaign(
    app: Flask, client: FlaskClient, engine: Engine, draft: None
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    hidden, nothing = answers(client, app, "co-ops"), answers(client, app, UNKNOWN)
    assert len(hidden) > 8
    assert hidden == nothing
    assert {status for _, status, _, _ in hidden} == {404}
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM submission")) == 0


@pytest.mark.parametrize("before", ["nothing", "it was live in this process", "its page was kept"])
def test_what_the_process_remembers_opens_no_draft(
    app: Flask, client: FlaskClient, engine: Engine, before: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    app.extensions[EXTENSION].pages.seconds = 0.0
    make_campaign(engine)
    if before != "nothing":
        assert client.get("/c/co-ops").status_code == 200
    if before == "its page was kept":
        app.extensions[EXTENSION].pages.seconds = 2.0
    with engine.begin() as connection:
        # As after a backup from before it was published.
        connection.execute(text("UPDATE campaign SET state = 'draft', updated_at = now() + interval '1 second'"))
    app.extensions[EXTENSION].pages.seconds = 0.0
    for name, status, _, _ in answers(client, app, "co-ops"):
        assert status == 404, name


def test_a_draft_costs_a_stranger_the_same_queries_as_nothing(client: FlaskClient, engine: Engine, draft: None) -> None:
    def queries(slug: str) -> list[str]:
        found: list[str] = []

        def note(*args: object) -> None:
            found.append(str(args[2]))

        event.listen(engine, "before_cursor_execute", note)
        assert client.get(f"/c/{slug}").status_code == 404
        event.remove(engine, "before_cursor_execute", note)
        return found

    queries("co-ops")
    assert queries("co-ops") == queries(UNKNOWN)


def test_the_list_of_campaigns_has_no_drafts_copies_or_simulations(client: FlaskClient, engine: Engine) -> None:
    states = {"first": "live", "second": "scheduled", "third": "closed", "fourth": "won", "fifth": "paused"}
    for slug, state in states.items():
        make_draft(engine, CAMPAIGN.replace('"co-ops"', f'"{slug}"').replace("Keep our shops local", f"The {slug}"))
        with engine.begin() as connection:
            values = {"slug": slug, "state": state}
            connection.execute(text("UPDATE campaign SET state = :state WHERE slug = :slug"), values)
    make_draft(engine)
    create_simulation(engine)
    copy = duplicate_campaign(engine, "first", actor="organizer:1")
    page = client.get("/").text
    assert set(re.findall(r'href="/c/([^"?]+)"', page)) == set(states)
    assert "Simulated action day" not in page
    for slug in (copy, "simulation", "co-ops"):
        assert client.get(f"/c/{slug}").status_code == 404


def test_the_only_published_campaign_is_the_first_page(client: FlaskClient, engine: Engine, draft: None) -> None:
    assert "There is no campaign here yet" in client.get("/").text
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    assert client.get("/").location == "/c/trees"


def test_people_of_the_campaign_see_it_with_a_banner_and_others_do_not(
    app: Flask, member: FlaskClient, engine: Engine
) -> None:
    page = member.get("/c/co-ops")
    assert (page.status_code, NOTICE in page.text) == (200, True)
    make_draft(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    assert member.get("/c/trees").status_code == 404
    assert member.get("/c/trees").text == member.get("/c/treez").text.replace("treez", "trees")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM membership"))
    assert member.get("/c/co-ops").status_code == 404


def test_a_preview_link_opens_all_of_it_and_nothing_is_kept(
    app: Flask, client: FlaskClient, link: str, prepare: Callable[[], int]
) -> None:
    opened = client.get(link)
    assert NOTICE in opened.text
    assert 'action="/c/co-ops"' in opened.text
    path = begin(client)
    prepare()
    letter = client.get(path)
    sent = press(client, path, "send")
    prepare()
    pages = {name: client.get(name) for name in ("/c/co-ops", sent.location, "/c/co-ops/card.png?v=x")}
    for name, page in {link: opened, path: letter, **pages}.items():
        assert page.status_code == 200, name
        assert page.headers["Cache-Control"] == "no-store", name
        assert page.headers["X-Robots-Tag"] == "noindex", name
        assert page.headers["Referrer-Policy"] == "no-referrer", name
        assert page.mimetype != "text/html" or NOTICE in page.text, name
    stranger = app.test_client()
    for address in ("/c/co-ops", "/c/co-ops/card.png", sent.location, path):
        assert stranger.get(address).status_code == 404, address


def test_the_languages_of_a_preview_keep_it_open(client: FlaskClient, link: str) -> None:
    client.get(link)
    page = client.get("/c/co-ops?lang=es")
    assert page.status_code == 200
    assert NOTICE not in page.text
    assert "Vista previa" in page.text


def test_revoking_closes_what_was_open(
    client: FlaskClient, engine: Engine, link: str, prepare: Callable[[], int]
) -> None:
    client.get(link)
    path = begin(client)
    prepare()
    sent = press(client, path, "send").location
    revoke_preview(engine, "co-ops", 1)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    elsewhere = path.replace("co-ops", "trees")
    for address in (link, "/c/co-ops", path, elsewhere, sent, sent.replace("/s/", "/mine/"), f"{sent}/delete"):
        assert client.get(address).status_code == 404, address


def test_a_link_opens_its_own_campaign_only(client: FlaskClient, engine: Engine, link: str) -> None:
    make_draft(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    assert client.get(link.replace("co-ops", "trees")).status_code == 404
    client.get(link)
    assert client.get("/c/trees").status_code == 404
    for wrong in (link[:-1], f"{link}x", "/c/co-ops/preview/é", "/c/co-ops/preview/" + "x" * 5_000):
        assert client.get(wrong).status_code == 404


def test_a_link_of_a_campaign_that_is_published_leads_to_its_page(
    client: FlaskClient, engine: Engine, link: str
) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    answer = client.get(link)
    assert (answer.status_code, answer.location) == (303, "/c/co-ops")
    page = client.get("/c/co-ops")
    assert NOTICE not in page.text
    assert page.headers["Cache-Control"].startswith("public")


def test_the_token_is_stored_as_a_hash_and_not_logged(
    client: FlaskClient, engine: Engine, link: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    client.get(link)
    token = link.rsplit("/", 1)[1]
    with engine.connect() as connection:
        rows = connection.execute(select(campaign_preview)).all()
    assert len(rows) == 1
    printed = capsys.readouterr()
    assert token not in repr(rows) + printed.out + printed.err + caplog.text


def test_a_personal_link_of_a_draft_waits_until_it_is_published(
    app: Flask, client: FlaskClient, engine: Engine, settings: Settings, link: str
) -> None:
    [invited] = invite(engine, settings, "co-ops", [make_supporter()], source="x")
    personal = invited.link.removeprefix(settings.public_url)
    assert client.get(personal, follow_redirects=True).status_code == 404
    with engine.connect() as connection:
        assert connection.scalar(select(invitation.c.opened_at)) is None
    client.get(link)
    assert "/letter/" in client.get(personal).location
    assert app.test_client().get(personal, follow_redirects=True).status_code == 404


def test_a_reader_of_a_published_campaign_asks_nothing_about_drafts(
    app: Flask, client: FlaskClient, engine: Engine
) -> None:
    make_campaign(engine)
    app.extensions[EXTENSION].pages.seconds = 60.0
    client.get("/c/co-ops")
    found: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: found.append(args[2]))
    assert client.get("/c/co-ops").status_code == 200
    assert found == []


@pytest.fixture
def signed_in(client: FlaskClient, engine: Engine, draft: None) -> FlaskClient:
    return sign_in(client, engine)


def create(client: FlaskClient) -> TestResponse:
    return press_form(client, PUBLISH, "/admin/campaigns/co-ops/edit/preview-link")


def test_the_console_creates_shows_once_and_revokes(app: Flask, signed_in: FlaskClient, settings: Settings) -> None:
    assert "Until you publish, only signed-in people of this campaign" in signed_in.get(PUBLISH).text
    created = create(signed_in)
    found = re.search(r'readonly value="([^"]+)"', created.text)
    assert found
    assert found[1].startswith(f"{settings.public_url}/c/co-ops/preview/")
    guest = app.test_client()
    path = found[1].removeprefix(settings.public_url)
    assert guest.get(path).status_code == 200
    later = signed_in.get(PUBLISH).text
    assert path not in later
    assert "by you" in later
    revoked = press_form(signed_in, PUBLISH, "/admin/campaigns/co-ops/edit/preview-link/1/revoke")
    assert revoked.location == PUBLISH
    assert guest.get("/c/co-ops").status_code == 404
    audit = signed_in.get("/admin/audit").text
    assert "created a preview link" in audit
    assert "revoked a preview link" in audit
    assert path.rsplit("/", 1)[1] not in audit


def test_there_are_not_too_many_links_and_none_of_a_published_campaign(signed_in: FlaskClient, engine: Engine) -> None:
    for _ in range(MOST_LINKS):
        assert create(signed_in).status_code == 200
    assert create(signed_in).location == PUBLISH
    assert "Revoke one first" in signed_in.get(PUBLISH).text
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    assert "Preview link" not in signed_in.get(PUBLISH).text
    assert create(signed_in).location == PUBLISH
    assert "anyone with its address can open it" in signed_in.get(PUBLISH).text


def test_a_program_renews_its_own_link_only(client: FlaskClient, engine: Engine, link: str) -> None:
    first = renew_preview(engine, "co-ops", actor="dearrep up")
    second = renew_preview(engine, "co-ops", actor="dearrep up")
    assert [client.get(one).status_code for one in (first, second, link)] == [404, 200, 200]


def test_an_organizer_tries_a_draft_to_the_end(
    member: FlaskClient, engine: Engine, ring: Ring, settings: Settings, prepare: Callable[[], int]
) -> None:
    path = begin(member)
    prepare()
    sent = press(member, path, "send").location
    prepare()
    assert "Thank you, Jamie" in member.get(sent).text
    token = write_letters(engine, ring, settings, "ana@example.org")
    assert member.get(f"/s/{token}").status_code == 200


def test_a_press_on_a_hidden_draft_stores_nothing(client: FlaskClient, engine: Engine, draft: None) -> None:
    for typed in (TYPED, TYPED | {"street": ""}, TYPED | {"website": "x"}):
        assert client.post("/c/co-ops", data=typed).status_code == 404
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM submission")) == 0


def test_pages_behind_a_token_ask_who_may_see_the_campaign() -> None:
    """`read_visible` does; what reads a submission in another way would show drafts to strangers."""
    for path in (ROOT / "web" / "public").glob("*.py"):
        if path.name != "drafts.py":
            assert "read_submission" not in path.read_text(encoding="utf-8"), path


def test_a_letter_of_a_draft_is_no_letter_to_a_stranger(
    client: FlaskClient, engine: Engine, ring: Ring, settings: Settings, draft: None
) -> None:
    token = write_letters(engine, ring, settings)
    for page in ("/s/{}", "/mine/{}", "/s/{}/delete"):
        hidden, nothing = client.get(page.format(token)), client.get(page.format("A" * len(token)))
        assert (hidden.status_code, hidden.text) == (nothing.status_code, nothing.text)
