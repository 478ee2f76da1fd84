"""Invitations, roles, the audit log: a link works once, the last owner stays, every change is written down."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select, text, update

from shared.db.tables import audit_entry, membership, organizer
from shared.services.audit import KEPT, delete_old_entries
from shared.services.organizers import issue_one_time_password
from shared.services.people import delete_old_invitations
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.smtp_server import ScriptedSmtpServer
from tests.web.test_organizer import EMAIL, press, sign_in
from web.context import EXTENSION

PEOPLE = "/admin/campaigns/co-ops/people"
ROBIN = "robin@example.org"
PASSWORD = "four quiet green ducks"


@pytest.fixture
def mail(app: Flask, settings: Settings) -> ScriptedSmtpServer:
    with ScriptedSmtpServer() as server:
        mended = replace(settings, mailbox_url=server.url, public_url="https://letters.example")
        app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], given=mended)
        yield server


@pytest.fixture
def owner(client: FlaskClient, engine: Engine) -> FlaskClient:
    make_campaign(engine)
    return sign_in(client, engine)


def invite(owner: FlaskClient, mail: ScriptedSmtpServer, address: str = ROBIN, role: str = "organizer") -> str:
    """The path of the link in the email."""
    assert press(owner, PEOPLE, email=address, role=role).status_code == 303
    message = email.message_from_bytes(mail.accepted[-1][2], policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(r"https://letters\.example(/admin/join/\S+)", body.get_content())
    assert found
    return found[1]


def actions(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [
            tuple(row) for row in connection.execute(select(audit_entry.c.action, audit_entry.c.about).order_by("id"))
        ]


def test_an_invitation_makes_an_account_and_a_member(
    app: Flask, owner: FlaskClient, engine: Engine, mail: ScriptedSmtpServer
) -> None:
    link = invite(owner, mail, role="viewer")
    [(_, recipient, raw)] = mail.accepted
    assert recipient == ROBIN
    assert b"https://letters.example" in raw
    page = owner.get(PEOPLE).text
    assert "robin@example.org is invited. Its email is in the local mailbox" in page
    guest = app.test_client()
    offer = guest.get(link)
    assert "Keep our shops local" in offer.text
    assert "Viewer: sees everything" in offer.text
    wrong = press(guest, link, name=" ", password="short")
    assert wrong.status_code == 422
    assert "Type your name" in wrong.text
    assert "Use 12 to 200 characters" in wrong.text
    joined = press(guest, link, name="Robin Lee", password=PASSWORD)
    assert joined.location == "/admin/campaigns/co-ops"
    assert "Welcome. You are a viewer of this campaign." in guest.get(joined.location).text
    again = app.test_client().get(link)
    assert again.status_code == 404
    assert "Ask for a new one." in again.text
    listed = owner.get(PEOPLE).text
    assert "Robin Lee" in listed
    assert "Send again" not in listed
    with engine.connect() as connection:
        row = connection.execute(select(organizer).where(organizer.c.email == ROBIN)).mappings().one()
        assert not row["runs_installation"]
    assert press(app.test_client(), "/admin/sign-in", email=ROBIN, password=PASSWORD).location == "/admin/"


def test_somebody_with_an_account_joins_signed_in(
    app: Flask, owner: FlaskClient, engine: Engine, mail: ScriptedSmtpServer
) -> None:
    guest = app.test_client()
    press(guest, invite(owner, mail), name="Robin", password=PASSWORD)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"others"'))
    press(owner, "/admin/campaigns/others/people", email=ROBIN, role="owner")
    body = email.message_from_bytes(mail.accepted[-1][2], policy=email.policy.default).get_body(("plain",))
    assert body is not None
    link = re.search(r"https://letters\.example(/admin/join/\S+)", body.get_content())[1]  # type: ignore[index]
    stranger = app.test_client()
    assert press(stranger, link).location == f"/admin/sign-in?next={link}"
    assert "you are signed in as organizer@example.org" in owner.get(link).text
    assert press(owner, PEOPLE, link).status_code in (303, 409)
    assert press(guest, link).location == "/admin/campaigns/others"
    with engine.connect() as connection:
        roles = connection.execute(select(membership.c.campaign_id, membership.c.role).order_by("campaign_id")).all()
    assert [tuple(row) for row in roles] == [(1, "organizer"), (2, "owner")]


def test_only_the_newest_link_works_and_it_can_be_withdrawn(
    app: Flask, owner: FlaskClient, mail: ScriptedSmtpServer
) -> None:
    first = invite(owner, mail)
    second = invite(owner, mail)
    guest = app.test_client()
    assert guest.get(first).status_code == 404
    assert guest.get(second).status_code == 200
    press(owner, PEOPLE, "/admin/campaigns/co-ops/invitations/1/withdraw")
    assert guest.get(second).status_code == 404
    assert "Its link does not work any more." in owner.get(PEOPLE).text


def test_an_invitation_ends_after_a_week(
    app: Flask, owner: FlaskClient, engine: Engine, mail: ScriptedSmtpServer
) -> None:
    link = invite(owner, mail)
    with engine.begin() as connection:
        connection.execute(text("UPDATE membership_invitation SET expires_at = now() - interval '1 minute'"))
    assert app.test_client().get(link).status_code == 404
    assert delete_old_invitations(engine) == 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE membership_invitation SET expires_at = now() - interval '31 days'"))
    assert delete_old_invitations(engine) == 1


@pytest.mark.parametrize(("typed", "words"), [("robin", "Type an email address"), (EMAIL, "is a member already")])
def test_a_wrong_email_is_named(
    owner: FlaskClient, engine: Engine, mail: ScriptedSmtpServer, typed: str, words: str
) -> None:
    with engine.begin() as connection:
        connection.execute(insert(membership).values(organizer_id=1, campaign_id=1, role="owner"))
    answer = press(owner, PEOPLE, email=typed, role="viewer")
    assert answer.status_code == 422
    assert words in answer.text
    assert mail.accepted == []


def test_a_mail_server_that_refuses_leaves_an_invitation_to_send_again(
    owner: FlaskClient, engine: Engine, app: Flask
) -> None:
    settings = replace(app.extensions[EXTENSION].given, mailbox_url="smtp://127.0.0.1:9")
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], given=settings)
    press(owner, PEOPLE, email=ROBIN, role="viewer")
    page = owner.get(PEOPLE).text
    assert "The invitation to robin@example.org was not sent." in page
    assert "Send again" in page


def test_roles_change_and_the_last_owner_stays(
    app: Flask, owner: FlaskClient, engine: Engine, mail: ScriptedSmtpServer
) -> None:
    guest = app.test_client()
    press(guest, invite(owner, mail, role="owner"), name="Robin", password=PASSWORD)
    press(guest, PEOPLE, f"{PEOPLE}/2/role", role="viewer")
    assert "last owner. Make somebody else an owner first." in guest.get("/admin/campaigns/co-ops").text
    press(guest, PEOPLE, f"{PEOPLE}/2/remove")
    assert guest.get(PEOPLE).status_code == 200
    press(app.test_client(), invite(owner, mail, "wei@example.org", "owner"), name="Wei", password=PASSWORD)
    assert "they see nothing of this campaign" in guest.get(f"{PEOPLE}/3/remove").text
    press(guest, PEOPLE, f"{PEOPLE}/2/role", role="viewer")
    assert guest.get(PEOPLE).status_code == 403
    press(owner, PEOPLE, f"{PEOPLE}/2/remove")
    assert guest.get("/admin/campaigns/co-ops").status_code == 404


def test_what_was_seen_and_done_is_written_down(
    owner: FlaskClient, engine: Engine, mail: ScriptedSmtpServer, ring: object, settings: Settings
) -> None:
    write_letters(engine, ring, settings)  # type: ignore[arg-type]
    for _ in range(3):
        owner.get("/admin/letters/1")
    owner.get("/admin/campaigns/co-ops/live")
    press(owner, "/admin/letters/1/cancel")
    invite(owner, mail)
    done = actions(engine)
    assert done.count(("read a letter", "letter 1")) == 1
    assert ("cancelled a letter", "letter 1") in done
    assert ("invited somebody", f"{ROBIN}: organizer") in done
    assert not any("live" in action for action, _ in done)
    page = owner.get("/admin/campaigns/co-ops/audit").text
    assert "cancelled a letter" in page
    assert EMAIL in page
    assert "Jamie" not in page
    changes = owner.get("/admin/campaigns/co-ops/audit?changes=1").text
    assert "read a letter" not in changes
    assert "cancelled a letter" in owner.get("/admin/audit").text


def test_the_audit_log_is_read_page_by_page_and_kept_two_years(owner: FlaskClient, engine: Engine) -> None:
    lines = [
        {
            "who": EMAIL,
            "campaign_id": 1,
            "action": f"did {number}",
            "is_change": True,
            "at": func.now() - timedelta(days=number),
        }
        for number in range(60)
    ]
    with engine.begin() as connection:
        connection.execute(audit_entry.delete())
        for line in lines:
            connection.execute(insert(audit_entry).values(line))
    first = owner.get("/admin/campaigns/co-ops/audit").text
    older = re.search(r'href="([^"]+before=\d+)"', first)
    assert older
    second = owner.get(older[1]).text
    seen = re.findall(r"did (\d+)<", first) + re.findall(r"did (\d+)<", second)
    assert sorted(map(int, seen)) == list(range(60))
    with engine.begin() as connection:
        connection.execute(
            update(audit_entry).where(audit_entry.c.action == "did 7").values(at=func.now() - KEPT - timedelta(days=1))
        )
    assert delete_old_entries(engine) == 1


def test_a_command_lets_in_and_gives_nobody_more(
    engine: Engine, owner: FlaskClient, app: Flask, mail: ScriptedSmtpServer
) -> None:
    guest = app.test_client()
    press(guest, invite(owner, mail, role="viewer"), name="Robin", password=PASSWORD)
    password = issue_one_time_password(engine, ROBIN)
    again = app.test_client()
    press(again, "/admin/sign-in", email=ROBIN, password=password)
    assert again.get("/admin/mailbox").status_code == 403
