"""Letters that wait to be delivered, made by SQL as `make_letters` would have made them."""

from sqlalchemy import text

from shared.db import campaigns, pace
from shared.domain.places import Chamber, Office
from shared.rendering.letters import Author, render_letter
from tests.bench.browsers import OWN_WORDS
from tests.bench.stage import Stage

_SUBMISSIONS = (
    "INSERT INTO submission (token, campaign_id, state, first_name, last_name, email, email_hash, street, city, zip,"
    " us_state, accepted_at, leaves_at, expected_letters, is_test, transport)"
    " SELECT md5(:key || n), :campaign, 'ready', 'Jamie', 'Rivera', :key || n || '@example.org', md5(:key || n || '@'),"
    " n || ' Maple St', 'Town 1', '01001', 'MA', now(), now(), :each, false, 'relay' FROM generate_series(1, :count) n"
    " RETURNING id, email, email_hash"
)
_LETTERS = text(
    f"WITH made AS ({_SUBMISSIONS}), seat AS (SELECT array_agg(id ORDER BY id) AS all FROM office),"
    " mail AS (SELECT made.*, seat.all[1 + (made.id * 2 + turn) % cardinality(seat.all)] AS office,"
    " (CAST(:domains AS text[]))[1 + turn % cardinality(CAST(:domains AS text[]))] AS domain"
    " FROM made, seat, generate_series(0, :each - 1) turn),"
    " letter AS (INSERT INTO letter (submission_id, campaign_id, office_id, office_holder_id, state, due_at,"
    " deliver_by, is_test,"
    " transport, email_hash, recipient_title, recipient_name, recipient_email, receiving_domain, district, from_name,"
    " reply_to, subject, body, message_id)"
    " SELECT id, :campaign, office, (SELECT holder.id FROM office_holder holder WHERE holder.office_id = office"
    " AND valid_to IS NULL), 'queued', now(), now() + interval '5 days', false, 'relay', email_hash,"
    " 'Representative', 'Sam Member', 'office' || office || '@' || domain, domain, '1 Bench', 'Jamie Rivera', email,"
    " :subject, :body, '<' || md5(email || office) || '@letters.example>' FROM mail RETURNING id, state)"
    " INSERT INTO letter_event (letter_id, to_state) SELECT id, state FROM letter"
)
_BOTH = ("lower.example", "upper.example")


def queue_letters(stage: Stage, key: str, count: int, domains: tuple[str, ...] = _BOTH) -> None:
    """`count` letters, two a submission, due at once; `key` differs from call to call."""
    with stage.engine.begin() as connection:
        stored = campaigns.read_campaign(connection, stage.campaign_id)
        office = Office(1, Chamber.LOWER, "1 Bench", "", "Representative", 1, "Sam Member", "office@lower.example")
        author = Author("Jamie Rivera", "jamie@example.org", "12 Maple St, Town 1, MA 01001", OWN_WORDS, None, None)
        rendered = render_letter(stored.campaign, author, office)
        values = {"key": f"{key}-", "campaign": stage.campaign_id, "count": count // 2, "each": 2}
        values |= {"domains": list(domains), "subject": rendered.subject, "body": rendered.body}
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(_LETTERS, values)
        pace.add_domains(connection)
        # Not new to us: what is measured is a domain that has taken letters before.
        connection.execute(text("UPDATE domain_pace SET allowance = NULL"))
        # Before COMMIT: workers plan with figures that know of these letters.
        connection.execute(text("ANALYZE submission, letter, letter_event"))
