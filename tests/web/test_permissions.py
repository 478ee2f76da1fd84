"""Default deny: every page of the dashboard, for everybody who may and may not open it."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, update
from werkzeug.routing import Rule

from shared.db.tables import membership, organizer
from shared.domain.permissions import ROLE_PERMISSIONS, Permission, Role
from shared.queue.ring import Ring
from shared.services.organizers import issue_one_time_password
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.web.test_organizer import EMAIL, press
from web.admin.guard import OPEN_ENDPOINTS, PERMISSIONS

OUTSIDER = "outsider"
OTHERS = CAMPAIGN.replace('slug = "co-ops"', 'slug = "others"')
# Of campaigns, letters and offices that exist, and of everything else something that does not.
VALUES = {"slug": "co-ops", "letter_id": 1, "state": "live", "move": "pause", "code": "flyer", "step": "page"}
NOTHING = 999
REFUSED, NOT_THERE = 403, 404
# A campaign may have none.
OPTIONAL = {"admin.draft_logo"}
OF_NOBODY = {Permission.OWN_ACCOUNT, Permission.SEE_INSTALLATION}


def rules(app: Flask) -> list[Rule]:
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")]
    return [rule for rule in found if rule.endpoint not in OPEN_ENDPOINTS]


def path(app: Flask, rule: Rule) -> str:
    values = {name: VALUES.get(name, NOTHING) for name in rule.arguments}
    with app.test_request_context():
        return str(rule.build(values)[1])  # type: ignore[index]


@pytest.fixture
def letters(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine)
    make_campaign(engine, OTHERS)
    write_letters(engine, ring, settings)


@pytest.fixture
def signed_in(client: FlaskClient, engine: Engine, letters: None, who: str) -> FlaskClient:
    """Somebody with this role in `co-ops`; an outsider owns the other campaign."""
    password = issue_one_time_password(engine, EMAIL)
    campaign_id, role = (2, Role.OWNER) if who == OUTSIDER else (1, who)
    with engine.begin() as connection:
        connection.execute(update(organizer).values(runs_installation=False))
        connection.execute(insert(membership).values(organizer_id=1, campaign_id=campaign_id, role=role))
    press(client, "/admin/sign-in", email=EMAIL, password=password)
    return client


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/admin/password").text)
    assert found
    return found[1]


def test_every_page_of_the_dashboard_declares_a_permission(app: Flask) -> None:
    assert {rule.endpoint for rule in rules(app)} == set(PERMISSIONS)


@pytest.mark.parametrize("who", [*(role.value for role in Role), OUTSIDER])
def test_every_page_and_action_for_every_role(app: Flask, signed_in: FlaskClient, who: str) -> None:
    csrf = token(signed_in)
    allowed = OF_NOBODY | (ROLE_PERMISSIONS[Role(who)] if who != OUTSIDER else set())
    wrong = []
    for rule in rules(app):
        if rule.endpoint == "admin.sign_out":
            continue
        permission, methods = PERMISSIONS[rule.endpoint], {"GET", "POST"} & (rule.methods or set())
        for method in sorted(methods):
            data = {"csrf_token": csrf} if method == "POST" else None
            address = path(app, rule)
            status = signed_in.open(address, method=method, data=data).status_code
            of_campaign = permission in ROLE_PERMISSIONS[Role.OWNER]
            if permission in allowed:
                right = status != REFUSED and (
                    status != NOT_THERE or str(NOTHING) in address or rule.endpoint in OPTIONAL
                )
            else:
                right = status == (NOT_THERE if of_campaign and who == OUTSIDER else REFUSED)
            if not right:
                wrong.append(f"{method} {rule.endpoint}: {status}")
    assert wrong == []


@pytest.mark.parametrize("who", ["viewer"])
def test_a_viewer_meets_no_button_that_is_refused(app: Flask, signed_in: FlaskClient, who: str) -> None:
    for page in (
        "/admin/",
        "/admin/campaigns/co-ops",
        "/admin/letters/1",
        "/admin/campaigns/co-ops/updates",
        "/admin/campaigns/co-ops/results",
        "/admin/delivery",
        "/admin/delivery/relay",
        "/admin/delivery/domain",
        "/admin/delivery/receiving",
        "/admin/campaigns/co-ops/share",
        "/admin/campaigns/co-ops/attention",
        "/admin/campaigns/co-ops/addresses",
        "/admin/campaigns/co-ops/changes",
    ):
        html = signed_in.get(page).text
        for link in re.findall(r'(?:href|action)="(/admin/[^"#]*)"', html):
            endpoint, _ = (
                app.url_map.bind("localhost").match(link.partition("?")[0], method="GET")
                if "sign-out" not in link
                else ("admin.sign_out", None)
            )
            assert PERMISSIONS[endpoint] in OF_NOBODY | ROLE_PERMISSIONS[Role(who)], f"{page} leads to {link}"


@pytest.mark.parametrize("who", ["viewer"])
def test_who_is_refused_learns_whom_to_ask(signed_in: FlaskClient, engine: Engine, who: str) -> None:
    with engine.begin() as connection:
        connection.execute(insert(organizer).values(email="owner@example.org"))
        connection.execute(insert(membership).values(organizer_id=2, campaign_id=1, role="owner"))
        connection.execute(insert(organizer).values(email="admin@example.org", runs_installation=True))
    page = signed_in.get("/admin/campaigns/co-ops/people")
    assert page.status_code == REFUSED
    assert "You are a viewer of this campaign" in page.text
    assert "Ask owner@example.org." in page.text
    assert "Ask admin@example.org." in signed_in.get("/admin/mailbox").text


@pytest.mark.parametrize("who", [OUTSIDER])
def test_another_campaigns_data_can_not_be_seen(signed_in: FlaskClient, who: str) -> None:
    overview = signed_in.get("/admin/").text
    assert "/admin/campaigns/others" in overview
    assert "/admin/campaigns/co-ops" not in overview
    missing = signed_in.get("/admin/campaigns/nowhere")
    theirs = signed_in.get("/admin/campaigns/co-ops")
    assert (theirs.status_code, missing.status_code) == (NOT_THERE, NOT_THERE)
    assert theirs.text.replace("co-ops", "nowhere") == missing.text
    assert "Jamie" not in signed_in.get("/admin/letters/1").text
    # The campaign in the address is one's own, the office's letters are of another.
    assert "Jamie" not in signed_in.get("/admin/campaigns/others").text


def test_whoever_starts_the_installation_may_do_everything(
    client: FlaskClient, app: Flask, engine: Engine, letters: None
) -> None:
    press(client, "/admin/sign-in", email=EMAIL, password=issue_one_time_password(engine, EMAIL))
    csrf = token(client)
    for rule in rules(app):
        for method in {"GET", "POST"} & (rule.methods or set()):
            if rule.endpoint != "admin.sign_out":
                data = {"csrf_token": csrf} if method == "POST" else None
                assert client.open(path(app, rule), method=method, data=data).status_code != REFUSED, rule.endpoint
