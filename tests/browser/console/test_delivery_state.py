"""Delivery in a browser when much is wrong at once: servers that rest, silent processes, a task that fails."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from sqlalchemy import text

from shared.settings import Settings
from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check

pytestmark = pytest.mark.browser
TROUBLE = """
INSERT INTO relay_state (
    server, max_connections, learned_connections, learned_at, rate_per_hour, failures, open_until, open_cause, probe
) VALUES
    ('relay', 16, 4, now(), 1200, 5, now() + interval '1 hour', 'authentication', ''),
    ('mailbox', 16, NULL, NULL, NULL, 1, now(), 'connection', 'probe');
INSERT INTO delivery_connection (name, transport, host) VALUES ('probe', 'mailbox', 'a');
INSERT INTO process_heartbeat (id, kind, host, pid, version, started_at, beat_at, relay, fingerprints) VALUES
    ('a', 'web', 'letters-1', 7, '1.0', now() - interval '1 hour', now(), 'smtp://mail.example:587',
        '{"DEARREP_MAIL_RELAY_URL": "a"}'),
    ('b', 'worker', 'letters-2', 8, '0.9', now() - interval '1 hour', now(), 'smtp://old-relay.example:25',
        '{"DEARREP_MAIL_RELAY_URL": "b"}'),
    ('c', 'background', 'letters-2', 9, '1.0', now() - interval '1 hour', now() - interval '5 minutes', '', '{}');
INSERT INTO failing_part (part, since, failures, error)
    VALUES ('settle uncertain letters', now() - interval '1 hour', 360, 'DataError');
UPDATE installation SET is_paused = true
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a mail relay where nobody listens."""
    return replace(settings, mail_relay_url="smtp://127.0.0.1:9")


@ON_A_PHONE
def test_what_rests_and_what_fails(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    site.hold()
    with site.engine.begin() as connection:
        connection.execute(text(TROUBLE))
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/delivery")
    expect(page.get_by_role("alert")).to_contain_text("settle uncertain letters: 360 failures")
    servers = page.get_by_role("region", name="Mail servers")
    expect(servers).to_contain_text("0 of 4 connections in use (set to 16, but the server refused more)")
    expect(servers).to_contain_text("Being probed")
    expect(page.get_by_role("region", name="What runs")).to_contain_text("has sent no heartbeat for about")
    expect(page.get_by_role("region", name="What runs")).to_contain_text("The running processes differ in")
    check(page)
    page.get_by_role("button", name="Try now mail relay").click()
    expect(page.get_by_text("The next email probes the mail relay.")).to_be_visible()
    expect(servers).to_contain_text("Paused until the next email probes it")
