"""The organizers' pages with a million letters stored, each asked for in this process."""

import math
import time
from collections.abc import Iterator

from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from shared.db.engine import make_engine
from shared.domain.table_keys import TableKey
from shared.services.letters_table import PAGE_SIZE
from shared.services.organizer_sessions import open_session
from shared.services.organizers import issue_one_time_password
from tests.bench.browsers import OWN_WORDS
from tests.bench.figures import Figure, Goal
from tests.bench.servers import Servers
from tests.bench.stage import Stage, stage
from web.app import create_app

LETTERS = 1_000_000
_CALLS, _SECONDS = 40, 5.0
_NOTHING, _NO_TESTS, _ELSEWHERE = "search without result", "test letters", "office and a town of others"
_EMPTY = {_NOTHING, _NO_TESTS, _ELSEWHERE}
_ORGANIZER = "organizer@example.org"
# Those that refer to others come first, as PostgreSQL wants it. Without a log they fill in half the time; reading is
# the same.
_TABLES = (
    "letter_words",
    "letter_event",
    "receipt",
    "follow_up",
    "letter",
    "consent",
    "invitation",
    "submission_target",
    "submission",
)
_INDEXES = text(
    "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index"
    " WHERE indrelid = ANY(CAST(:tables AS regclass[]))"
    " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
)
_SUBMISSIONS = text(
    "INSERT INTO submission (token, campaign_id, state, first_name, last_name, email, email_hash, street, city, zip,"
    " us_state, accepted_at, leaves_at, expected_letters, is_test, transport, lookup_status, match_type, lat, lon)"
    " SELECT md5(n::text), :campaign, 'ready', 'Jamie', 'Rivera' || n % 9973, 'p' || n || '@example.org',"
    " md5('hash' || n), n || ' Maple St', 'Town ' || n % 350, '01001', 'MA', now() - n * interval '5 seconds',"
    " now() - n * interval '5 seconds', 2, false, 'relay', 'matched', 'point', 42, -72"
    " FROM generate_series(1, :count) n"
)
# Of a thousand letters most have arrived; some of every state that needs a person or time.
_STATE = (
    "CASE WHEN n % 1000 < 930 THEN 'sent' WHEN n % 1000 < 970 THEN 'delivered' WHEN n % 1000 < 980 THEN 'queued'"
    " WHEN n % 1000 < 988 THEN 'deferred' WHEN n % 1000 < 994 THEN 'bounced' WHEN n % 1000 < 998 THEN 'rejected'"
    " ELSE 'uncertain' END"
)
_CAUSE = (
    "CASE WHEN n % 1000 < 988 THEN '' WHEN n % 1000 < 991 THEN 'mailbox_full'"
    " WHEN n % 1000 < 994 THEN 'no_such_address' WHEN n % 1000 < 998 THEN 'refused' ELSE 'lost_after_dot' END"
)
_LETTERS = text(
    "INSERT INTO letter (submission_id, campaign_id, office_id, state, cause, state_changed_at, attempt, tries,"
    " due_at, deliver_by, is_test, transport, email_hash, recipient_title, recipient_name, recipient_email,"
    " receiving_domain, district, from_name, reply_to, subject, body, message_id, sent_at, created_at)"
    f" SELECT submission.id, :campaign, office.id, {_STATE}, {_CAUSE}, at, 1, 1, at + interval '1 year',"
    " now() + interval '2 years', false, 'relay', email_hash, office.title, 'Sam Member' || office.id,"
    " 'm' || office.id || '@lower.example', CASE WHEN n % 100003 = 0 THEN 'rare.example' ELSE 'lower.example' END,"
    " office.district, first_name || ' ' || last_name, email,"
    " 'Please back worker-owned businesses', :body, '<' || md5(n::text) || '@letters.example>', at, at"
    " FROM (SELECT n, 1 + (n - 1) / 2 AS s, now() - n * interval '2.5 seconds' AS at"
    " FROM generate_series(1, :count) n) number"
    " JOIN (SELECT id, row_number() OVER (ORDER BY id) AS s, email, email_hash, first_name, last_name"
    " FROM submission) submission USING (s)"
    " JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM office) office"
    " ON office.place = (n * 7) % (SELECT count(*) FROM office)"
)
# As `shared.domain.search_words` folds them: these texts are plain.
_WORDS = text(
    "INSERT INTO letter_words (letter_id, words)"
    " SELECT letter.id, array_to_tsvector(string_to_array(:before || replace(lower("
    "concat_ws(' ', from_name, reply_to, city, recipient_name, letter.district)), ' ', ' ' || :before), ' '))"
    " FROM letter JOIN submission ON submission.id = letter.submission_id"
)
_EVENTS = text(
    "INSERT INTO letter_event (letter_id, at, from_state, to_state, attempt)"
    " SELECT id, created_at, step.old, coalesce(step.new, state), step.attempt FROM letter,"
    " (VALUES (NULL, 'queued', 0), ('queued', 'sending', 1), ('sending', NULL, 1)) AS step(old, new, attempt)"
)


def measure(servers: Servers) -> Iterator[Figure]:
    """Each page some dozens of times; the slowest one counts."""
    with stage(servers, "million") as here:
        began = time.monotonic()
        _fill(here)
        filled = time.monotonic() - began
        client = _client(here)
        times = {name: _p95(client, path, is_empty=name in _EMPTY) for name, path in _pages(here).items()}
        campaign_page = _p95(client, f"/c/{here.slug}")
        results = _p95(client, f"/admin/campaigns/{here.slug}/results")
    slowest = max(times, key=lambda name: times[name])
    others = ", ".join(f"{name} {ms:,.0f}" for name, ms in times.items() if name != slowest)
    note = f"slowest: {slowest}; {others}; {LETTERS:,} letters made in {filled:.0f} s"
    yield Figure("million_dashboard_ms", times[slowest], "ms", Goal(at_most=50), note)
    yield Figure("million_campaign_page_ms", campaign_page, "ms", note="p95 of the public page with its counter")
    yield Figure("million_results_ms", results, "ms", Goal(at_most=500), "p95 of a page that counts every letter anew")


def _pages(here: Stage) -> dict[str, str]:
    campaign = f"/admin/campaigns/{here.slug}"
    deep, last = _key(here, LETTERS // 2), _key(here, LETTERS - PAGE_SIZE)
    with here.engine.connect() as connection:
        bounced = connection.scalar(text("SELECT max(office_id) FROM letter WHERE state = 'bounced'"))
    return {
        "overview": "/admin/",
        "campaign": campaign,
        "live part": f"{campaign}/live",
        "chart by minutes": f"{campaign}/flow?by=minute",
        "chart by days": f"{campaign}/flow?by=day",
        "map": f"{campaign}/map?chamber=lower",
        "other chamber": f"{campaign}?chamber=upper&by=day",
        "districts": f"{campaign}/districts?chamber=lower",
        "one state": f"{campaign}?state=deferred",
        "large state": f"{campaign}?state=sent",
        "deep page": f"{campaign}?before={deep}",
        "deep page upward": f"{campaign}?after={deep}",
        "deep page of a state": f"{campaign}?state=sent&before={deep}",
        "last page": f"{campaign}?before={last}",
        "search Jamie": f"{campaign}?q=Jamie",
        "search R": f"{campaign}?q=R",
        "search Rivera77": f"{campaign}?q=Rivera77",
        "search Rivera777": f"{campaign}?q=Rivera777",
        "search Rivera77 deep": f"{campaign}?q=Rivera77&before={deep}",
        "search Rivera77 in a state": f"{campaign}?q=Rivera77&state=deferred",
        "search a full name": f"{campaign}?q=Jamie+Rivera777",
        "search a town": f"{campaign}?q=Town+77",
        "search an email": f"{campaign}?q=p4567@example.org",
        "search a legislator": f"{campaign}?q=Member150",
        _NOTHING: f"{campaign}?q=nobody",
        "letter": f"/admin/letters/{LETTERS // 2}",
        "letter in a table": f"/admin/letters/{LETTERS // 2}?needs=yes",
        "need attention": f"{campaign}?needs=yes",
        "need attention deep": f"{campaign}?needs=yes&before={deep}",
        "one cause": f"{campaign}?needs=yes&problem=refused&domain=lower.example",
        "an office": f"{campaign}?office=150",
        "an office deep": f"{campaign}?office=150&before={deep}",
        "an office in a state": f"{campaign}?office={bounced}&state=bounced",
        "a mail domain": f"{campaign}?domain=lower.example&before={deep}",
        "a rare mail domain": f"{campaign}?domain=rare.example",
        "real letters": f"{campaign}?test=no&before={deep}",
        _NO_TESTS: f"{campaign}?test=yes",
        "office and words": f"{campaign}?office=150&q=Jamie",
        "office and a name": f"{campaign}?office=150&q=Rivera777",
        "office and a town": f"{campaign}?office=150&q=Town+54",
        _ELSEWHERE: f"{campaign}?office=150&q=Town+77",
        "office and a mail domain": f"{campaign}?office=150&domain=lower.example",
        "state and a mail domain": f"{campaign}?state=deferred&domain=lower.example",
        "cause of an office": f"{campaign}?office={bounced}&problem=address",
        "look before a retry": f"{campaign}/letters/change?action=retry&all=yes&needs=yes&problem=refused",
    }


def _key(here: Stage, number: int) -> TableKey:
    with here.engine.connect() as connection:
        query = text("SELECT state_changed_at, id FROM letter WHERE id = :number")
        return TableKey(*connection.execute(query, {"number": number}).one())


def _p95(client: FlaskClient, path: str, *, is_empty: bool = False) -> float:
    """Milliseconds."""
    page = client.get(path)
    assert page.status_code == 200, path
    assert ("No letter fits" in page.text) == is_empty, path
    times: list[float] = []
    while len(times) < _CALLS and sum(times) < _SECONDS:
        began = time.perf_counter()
        client.get(path)
        times.append(time.perf_counter() - began)
    return sorted(times)[math.ceil(0.95 * len(times)) - 1] * 1_000


def _client(here: Stage) -> FlaskClient:
    """An organizer's browser."""
    issue_one_time_password(here.engine, _ORGANIZER)
    with here.engine.connect() as connection:
        row = connection.execute(text("SELECT id, session_epoch FROM organizer")).one()
    # An engine as the web tier has it: the planner may do more than for those who work on queues.
    client = create_app(here.settings, make_engine(here.settings.database_url), here.ring()).test_client()
    with client.session_transaction() as session:
        number = open_session(here.engine, row.id, "bench")
        session["signed_in"] = [row.id, row.session_epoch, int(time.time()), number]
        session["used_at"] = int(time.time())
        session["one_time"] = False
    return client


def _fill(here: Stage) -> None:
    values = {"campaign": here.campaign_id}
    with here.engine.begin() as connection:
        for setting in (
            "statement_timeout = 0",
            "session_replication_role = replica",
            "maintenance_work_mem = '256MB'",
        ):
            connection.execute(text(f"SET LOCAL {setting}"))
        for table in _TABLES:
            connection.execute(text(f"ALTER TABLE {table} SET UNLOGGED"))
        indexes = connection.execute(_INDEXES, {"tables": list(_TABLES)}).all()
        for index in indexes:
            connection.execute(text(f"DROP INDEX {index.name}"))
        connection.execute(_SUBMISSIONS, {**values, "count": LETTERS // 2})
        connection.execute(_LETTERS, {**values, "count": LETTERS, "body": f"{OWN_WORDS} " * 12})
        connection.execute(_WORDS, {"before": f"{here.campaign_id}/"})
        connection.execute(_EVENTS)
        for index in indexes:
            connection.execute(text(index.made))
    with here.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _vacuum(connection)


def _vacuum(connection: Connection) -> None:
    """As autovacuum leaves such tables behind."""
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text(f"VACUUM (ANALYZE) {', '.join(_TABLES)}"))
    connection.execute(text("RESET statement_timeout"))
