"""Contract: an owner of one campaign changes rows of that campaign only.

What concerns all campaigns asks for the installation's permission. Every form of the console is in `CASES`, or asks for
such a permission; a new one has to be added. Each is posted by an owner of `co-ops`, with letters, failing addresses
and open questions in two campaigns that write to the same offices.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, select, text, update

from shared.db.tables import METADATA, campaign_preview, membership, organizer
from shared.domain.causes import Cause
from shared.domain.permissions import OF_A_CAMPAIGN, Permission, Role
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters
from shared.services.office_addresses import address_failed
from shared.services.organizers import issue_one_time_password
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter, write_letters
from tests.smtp_server import ScriptedSmtpServer
from tests.web.test_organizer import EMAIL, press
from web.admin.guard import OPEN_ENDPOINTS, PERMISSIONS

OURS, REFUSED = 1, 403
CO_OPS, OTHERS = "/admin/campaigns/co-ops", "/admin/campaigns/others"
EDIT = f"{CO_OPS}/edit"
UPDATE = {"organization": "Neighbors United", "subject": "News", "body": "Come on Tuesday.", "action": "save"}
# Practice offices of the chambers that both campaigns write to.
PRACTICE = 2
Rows = dict[tuple[str, str], Mapping[str, Any]]
# Of the organizer, or of the console itself.
OWN_TABLES = {"organizer_session", "audit_entry"}
# Counted from the other tables while pages are shown.
DERIVED = {"snapshot", "tally"}
# Looks an address up, and keeps nothing.
CHANGES_NOTHING = {"admin.lookup"}


@dataclass(frozen=True)
class Case:
    """A form: the page that it is on, its path when that is another one, what is typed, and what comes before."""

    page: str
    path: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    changes: bool = True


CASES: dict[str, Case] = {
    "admin.email_people": Case(f"{CO_OPS}/addresses", f"{CO_OPS}/addresses/email", changes=False),
    "admin.settle_people": Case(f"{CO_OPS}/addresses", f"{CO_OPS}/addresses/settle"),
    "admin.correct_home": Case(
        f"{CO_OPS}/addresses/3", typed={"street": "1 Elm Street", "city": "Natick", "zip": "01760", "unit": ""}
    ),
    "admin.change_letters": Case(f"{CO_OPS}/letters/change?action=cancel&all=yes"),
    "admin.undo_change_of_letters": Case(
        "/admin/password", f"{CO_OPS}/changes/1/undo", before=("admin.change_letters",), changes=False
    ),
    "admin.change_state": Case(f"{CO_OPS}/state/paused"),
    "admin.edit_campaign": Case(f"{EDIT}/page", typed={"title": "Another title", "lead": "Another lead"}),
    "admin.preview_campaign": Case(f"{EDIT}/page", f"{EDIT}/page/preview", changes=False),
    "admin.upload_logo": Case(f"{EDIT}/page", f"{EDIT}/page/logo", {"remove": "yes"}, changes=False),
    "admin.exports": Case(f"{CO_OPS}/exports", typed={"kind": "letters"}),
    "admin.remove_export": Case("/admin/password", f"{CO_OPS}/exports/1/delete", before=("admin.exports",)),
    "admin.retry": Case("/admin/letters/1", "/admin/letters/1/retry"),
    "admin.cancel": Case("/admin/letters/1/cancel"),
    "admin.people": Case(f"{CO_OPS}/people", typed={"email": "guest@example.org", "role": "viewer"}),
    "admin.withdraw_invitation": Case("/admin/password", f"{CO_OPS}/invitations/1/withdraw", before=("admin.people",)),
    "admin.change_role": Case("/admin/password", f"{CO_OPS}/people/2/role", {"role": "organizer"}),
    "admin.remove_member": Case(f"{CO_OPS}/people/2/remove"),
    "admin.publish_campaign": Case(f"{EDIT}/publish", before=("admin.edit_campaign",), changes=False),
    "admin.create_preview_link": Case(f"{EDIT}/publish", f"{EDIT}/preview-link", changes=False),
    "admin.revoke_preview_link": Case("/admin/password", f"{EDIT}/preview-link/1/revoke"),
    "admin.open_edited_campaign": Case(f"{EDIT}/publish", f"{EDIT}/open", {"action": "live"}, changes=False),
    "admin.test_campaign": Case(f"{EDIT}/publish", f"{EDIT}/test", before=("admin.edit_campaign",), changes=False),
    "admin.undo_draft": Case(f"{EDIT}/undo", before=("admin.edit_campaign",)),
    "admin.restore_edition": Case(f"{EDIT}/restore/1"),
    "admin.rehearsal": Case(f"{CO_OPS}/rehearsal"),
    "admin.try_addresses": Case(f"{CO_OPS}/results/try-again"),
    "admin.new_update": Case(f"{CO_OPS}/updates/new", typed=UPDATE),
    "admin.update": Case(
        f"{CO_OPS}/updates/1", typed={**UPDATE, "subject": "Other news"}, before=("admin.new_update",)
    ),
    "admin.send_update": Case(
        "/admin/password", f"{CO_OPS}/updates/1/send", before=("admin.new_update",), changes=False
    ),
    "admin.stop_update": Case(
        "/admin/password", f"{CO_OPS}/updates/1/stop", before=("admin.new_update",), changes=False
    ),
    "admin.delete_update": Case(f"{CO_OPS}/updates/1/delete", before=("admin.new_update",)),
}


def forms(app: Flask) -> set[str]:
    """Endpoints of the console that take a form from a signed-in person."""
    found = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())}
    return {one for one in found if one.startswith("admin.")} - OPEN_ENDPOINTS


@pytest.fixture
def owner(client: FlaskClient, engine: Engine, ring: Ring, settings: Settings) -> FlaskClient:
    """The owner of `co-ops`. One office's address fails; two people of each campaign wait for an answer."""
    make_campaign(engine)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"others"'))
    for email, street in (("jamie@example.org", "12 Maple Street"), ("ana@example.org", "PO Box 7")):
        for slug in ("co-ops", "others"):
            token = begin_submission(engine, ring, settings, slug, make_supporter(email, street))
            accept_submission(engine, ring, settings, token, own_words="", consents=("Neighbors United",))
    prepare_submissions(engine, ring, settings)
    password = issue_one_time_password(engine, EMAIL)
    with engine.begin() as connection:
        connection.execute(update(organizer).values(runs_installation=False))
        connection.execute(insert(organizer).values(email="runner@example.org", runs_installation=True))
        for organizer_id, role in ((1, Role.OWNER), (2, Role.VIEWER)):
            values = {"organizer_id": organizer_id, "campaign_id": OURS, "role": role}
            connection.execute(insert(membership).values(values))
        connection.execute(insert(campaign_preview).values(campaign_id=OURS, token_hash="ours"))
        connection.execute(
            text(
                "UPDATE letter SET state = 'held', hold_reason = 'address_failing', cause = 'address_failing'"
                " WHERE recipient_email LIKE 'representative%'"
            )
        )
        connection.execute(
            text(
                "UPDATE office_holder SET email_failed_at = now(), email_failure = 'no_such_address'"
                " WHERE email LIKE 'representative%'"
            )
        )
    press(client, "/admin/sign-in", email=EMAIL, password=password)
    return client


def send(client: FlaskClient, case: Case) -> int:
    """Posts the form with its hidden fields, and what is typed."""
    page = client.get(case.page).text
    fields = re.findall(r'type="hidden" name="(csrf_token|mark|as_of|expected|seen)" value="([^"]*)"', page)
    hidden = {name: unescape(value) for name, value in reversed(fields)}
    assert "csrf_token" in hidden, page
    return client.post(case.path or case.page, data={**hidden, **case.typed}).status_code


def everything(engine: Engine) -> Rows:
    with engine.connect() as connection:
        return {
            (table.name, repr([row[column.name] for column in table.primary_key])): row
            for table in METADATA.sorted_tables
            for row in connection.execute(select(table)).mappings()
        }


def campaign_of(rows: Rows, table: str, row: Mapping[str, Any]) -> int | None:
    """Whose row it is; None for what all campaigns share."""
    if table == "campaign":
        return int(row["id"])
    if row.get("campaign_id") is not None:
        return int(row["campaign_id"])
    for parent in ("submission", "letter", "follow_up", "export", "bulk_change", "rehearsal", "mailing"):
        key = (parent, repr([row.get(f"{parent}_id")]))
        if key in rows:
            return campaign_of(rows, parent, rows[key])
    return None


def changed(before: Rows, after: Rows) -> dict[tuple[str, str], int | None]:
    """The rows that are there no more, or anew, or otherwise, each with its campaign."""
    every = before | after
    return {
        key: campaign_of(every, key[0], every[key])
        for key in every
        if before.get(key) != after.get(key) and key[0] not in OWN_TABLES | DERIVED and not is_practice(every, key)
    }


def is_practice(rows: Rows, key: tuple[str, str]) -> bool:
    """A practice office that is made when an organizer looks for one; the others stay as they are."""
    office = {"office": key, "office_holder": ("office", repr([rows[key].get("office_id")]))}.get(key[0])
    return office is not None and bool(rows[office]["is_practice"]) and rows[office]["id"] > PRACTICE


def test_every_form_is_of_one_campaign_or_asks_for_the_installations_permission(app: Flask) -> None:
    of_a_campaign = {one for one in forms(app) if PERMISSIONS[one] in OF_A_CAMPAIGN}
    assert of_a_campaign == set(CASES)
    rest = {PERMISSIONS[one] for one in forms(app) - of_a_campaign - CHANGES_NOTHING}
    assert rest <= {
        Permission.OWN_ACCOUNT,
        Permission.CREATE_CAMPAIGNS,
        Permission.CHANGE_OFFICES,
        Permission.CHANGE_DELIVERY,
        Permission.RUN_INSTALLATION,
    }


def test_a_form_of_a_campaign_names_the_campaign(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in CASES:
            assert {"slug", "letter_id"} & set(rule.arguments), rule


@pytest.mark.parametrize("endpoint", sorted(CASES))
def test_a_form_changes_rows_of_its_own_campaign_only(owner: FlaskClient, engine: Engine, endpoint: str) -> None:
    case = CASES[endpoint]
    for earlier in case.before:
        send(owner, CASES[earlier])
    before = everything(engine)
    assert send(owner, case) in (200, 303)
    found = changed(before, everything(engine))
    assert {key: whose for key, whose in found.items() if whose != OURS} == {}
    assert found or not case.changes


def test_the_same_forms_of_another_campaign_are_not_found(owner: FlaskClient, engine: Engine) -> None:
    before = everything(engine)
    for endpoint, case in CASES.items():
        theirs = (case.path or case.page).replace(CO_OPS, OTHERS).replace("/letters/1", "/letters/3")
        assert send(owner, Case("/admin/password", theirs, case.typed)) == 404, endpoint
    assert changed(before, everything(engine)) == {}


@pytest.mark.parametrize(
    "path",
    [
        f"{CO_OPS}/addresses/4",
        f"{CO_OPS}/changes/1/undo",
        f"{CO_OPS}/exports/1/delete",
        f"{CO_OPS}/invitations/1/withdraw",
        f"{CO_OPS}/updates/1/delete",
        f"{EDIT}/restore/2",
        f"{EDIT}/preview-link/2/revoke",
    ],
)
def test_a_row_of_another_campaign_is_not_reached_through_ones_own(
    owner: FlaskClient, engine: Engine, path: str
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO campaign_preview (campaign_id, token_hash, created_by) VALUES (2, 'x', 'y')")
        )
        connection.execute(
            text(
                "INSERT INTO membership_invitation (campaign_id, email, role, secret_hash, expires_at)"
                " VALUES (2, 'x@example.org', 'viewer', 'x', now() + interval '1 day')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO campaign_update (campaign_id, organization, subject, body, created_by)"
                " VALUES (2, 'Neighbors United', 'S', 'B', 'y')"
            )
        )
    before = everything(engine)
    typed = {"street": "1 Elm Street", "city": "Natick", "zip": "01760", "unit": ""}
    assert send(owner, Case("/admin/password", path, typed)) in (303, 404)
    assert changed(before, everything(engine)) == {}


def test_the_address_of_an_office_is_the_installations(owner: FlaskClient, engine: Engine) -> None:
    before = everything(engine)
    path = f"{CO_OPS}/offices/1/address"
    assert send(owner, Case("/admin/password", path, {"email": "me@elsewhere.example", "second_email": ""})) == 403
    assert changed(before, everything(engine)) == {}
    assert "Ask runner@example.org." in owner.get(path).text


def test_pages_say_who_can_change_what_all_campaigns_share(owner: FlaskClient) -> None:
    for page in (
        f"{CO_OPS}/results",
        f"{CO_OPS}/results/try-again",
        f"{CO_OPS}/attention",
        "/admin/offices/1",
        "/admin/delivery",
        "/admin/delivery/relay",
        "/admin/delivery/domain",
        "/admin/delivery/receiving",
    ):
        shown = owner.get(page).text
        assert "Only people who run this installation can" in shown, page
        assert "Ask runner@example.org." in shown, page
        for link in set(re.findall(r'(?:href|action)="(/admin/[^"#?]*)', shown)) - {"/admin/sign-out"}:
            assert owner.get(link).status_code != REFUSED, (page, link)


def test_what_is_tried_again_leaves_for_the_failing_address(
    owner: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    assert send(owner, CASES["admin.try_addresses"]) == 303
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert [recipient for _, recipient, _ in server.accepted].count("representative@practice.example") == 1
    query = "SELECT campaign_id, state FROM letter WHERE recipient_email LIKE 'representative%' ORDER BY id"
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(query))] == [(1, "sent"), (2, "held")]
        failing = connection.execute(text("SELECT count(*) FROM office_holder WHERE email_failed_at IS NOT NULL"))
        assert failing.scalar_one() == 1


def test_a_refusal_ends_the_try_of_a_campaign(
    owner: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    """Of several letters that try a failing address again, the first refusal holds those that still wait."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE office_holder SET email_failed_at = NULL"))
    for name in ("wei", "kim"):
        write_letters(engine, ring, settings, f"{name}@example.org")
    hold = "UPDATE letter SET state = 'held', hold_reason = 'address_failing' WHERE recipient_email LIKE 'represent%'"
    with engine.begin() as connection:
        connection.execute(text(hold))
        connection.execute(text("UPDATE office_holder SET email_failed_at = now() WHERE email LIKE 'represent%'"))
    assert send(owner, CASES["admin.try_addresses"]) == 303
    with engine.begin() as connection:
        first = (
            connection.execute(
                text("SELECT * FROM letter WHERE state = 'queued' AND recipient_email LIKE 'represent%' ORDER BY id")
            )
            .mappings()
            .first()
        )
        assert first
        connection.execute(text("UPDATE letter SET state = 'bounced' WHERE id = :id"), {"id": first["id"]})
        address_failed(connection, first, Cause.NO_SUCH_ADDRESS)
    with engine.connect() as connection:
        states = connection.execute(
            text("SELECT campaign_id, state FROM letter WHERE recipient_email LIKE 'represent%' ORDER BY 1, 2")
        ).all()
    assert [tuple(row) for row in states] == [(1, "bounced"), (1, "held"), (1, "held"), (2, "held")]
