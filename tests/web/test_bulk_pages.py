"""Many letters at once on pages: by filter and by ticks, without JavaScript, and never another campaign's."""

import html
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, text, update

from shared.clock import now
from shared.db.tables import membership, organizer
from shared.queue.ring import Ring
from shared.services import letters_table
from shared.services.organizers import issue_one_time_password
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.web.test_organizer import EMAIL, press, sign_in

PAGE = "/admin/campaigns/co-ops"
CHANGE = f"{PAGE}/letters/change"


@pytest.fixture
def troubled(client: FlaskClient, engine: Engine, ring: Ring, settings: Settings) -> FlaskClient:
    """Letters 1 to 4; both of office 1 came back. Another campaign is there too."""
    make_campaign(engine)
    make_campaign(engine, CAMPAIGN.replace('slug = "co-ops"', 'slug = "others"'))
    for n in range(2):
        write_letters(engine, ring, settings, f"p{n}@example.org")
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'bounced', cause = 'mailbox_full' WHERE office_id = 1"))
        connection.execute(text("UPDATE letter SET state_changed_at = now() - interval '1 hour'"))
    return sign_in(client, engine)


def test_a_group_is_looked_at_done_and_taken_back(troubled: FlaskClient, engine: Engine) -> None:
    link = re.search(r'href="([^"]+)">Retry all 2<', troubled.get(PAGE).text)
    assert link
    address = html.unescape(link[1])
    look = troubled.get(address).text
    assert "Send 2 letters again?" in look
    done = press(troubled, address, as_of=now().isoformat(), expected="2", when="later").location
    assert "2 letters queued again" in troubled.get(done).text
    assert "Mailbox full" in troubled.get(f"{PAGE}/changes").text
    back = press(troubled, done, f"{done}/undo").location
    assert "2 letters taken back" in troubled.get(back).text
    assert press(troubled, done, f"{PAGE}/changes/1/undo").status_code == 303
    assert "be taken back any more" in html.unescape(troubled.get(PAGE).text)
    assert troubled.get(f"{PAGE}/changes/9").status_code == 404
    assert troubled.get("/admin/campaigns/others/changes/1").status_code == 404


def test_ticked_letters_and_nothing_else(troubled: FlaskClient, engine: Engine) -> None:
    table = troubled.get(f"{PAGE}?needs=yes").text
    assert re.findall(r'name="id" value="(\d)"', table) == ["3", "1"]
    assert "All 2 that fit" in table
    press(troubled, f"{CHANGE}?action=retry&id=1", as_of="", expected="1")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM letter WHERE state = 'bounced'")).scalars().all() == [3]
    for wrong, words in (("action=retry", "Tick the letters first"), ("action=fly&id=1", "Choose what to do")):
        assert troubled.get(f"{CHANGE}?{wrong}").status_code == 303
        assert words in troubled.get(PAGE).text
    press_all = f"{CHANGE}?action=retry&all=yes&needs=yes"
    assert press(troubled, press_all, as_of="yesterday", expected="1").status_code == 400


def test_filters_stand_in_the_address_and_combine(troubled: FlaskClient) -> None:
    def rows(query: str) -> int:
        return troubled.get(f"{PAGE}?{query}").text.count('name="id"')

    assert (rows(""), rows("office=1"), rows("office=1&state=queued"), rows("test=yes"), rows("test=no")) == (
        *(4, 2, 0, 4, 0),
    )
    assert (rows("problem=mailbox_full"), rows("problem=refused"), rows("problem=mailbox_full&office=2")) == (2, 0, 0)
    assert (rows("domain=practice.example"), rows("domain=nowhere.example"), rows("needs=yes&q=worcester")) == (4, 0, 2)
    assert rows("office=x&problem=nonsense&test=maybe&needs=1") == 4
    page = troubled.get(f"{PAGE}?office=1&needs=yes").text
    assert "To Practice Representative Pat Practice" in page
    assert "2 letters fit" in page
    letter = troubled.get("/admin/letters/1?needs=yes").text
    assert "Previous" in letter
    assert "See all 2 letters with this problem" in letter


def test_a_count_says_when_it_stopped(troubled: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters_table, "_MOST_LOOKED_AT", 2)
    assert "1+ letters fit" in troubled.get(f"{PAGE}?office=1&domain=practice.example").text
    assert "2 letters fit" in troubled.get(f"{PAGE}?office=1").text
    monkeypatch.setattr(letters_table, "_MOST_COUNTED", 2)
    assert "1+ letters fit" in troubled.get(f"{PAGE}?office=1").text
    assert "1+ letters fit" in troubled.get(f"{PAGE}?needs=yes&domain=practice.example").text


def test_a_poll_is_small_with_many_groups(troubled: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        for number, cause in ((1, "refused"), (2, "gave_up"), (3, "our_dns"), (4, "no_such_address")):
            where = {"id": number, "cause": cause}
            connection.execute(text("UPDATE letter SET state = 'bounced', cause = :cause WHERE id = :id"), where)
    poll = troubled.get(f"{PAGE}/live", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" in poll.headers
    assert len(poll.data) < 3_000
    assert len(troubled.get(f"{PAGE}/live", headers={"Accept-Encoding": ""}).data) < 9_000


@pytest.mark.parametrize("role", ["viewer", "organizer"])
def test_another_campaigns_letters_are_not_there(troubled: FlaskClient, engine: Engine, role: str) -> None:
    """Whoever may do everything in the one campaign can't name letters of the other, nor mix them in."""
    with engine.begin() as connection:
        connection.execute(update(organizer).values(runs_installation=False))
        connection.execute(insert(membership).values(organizer_id=1, campaign_id=2, role=role))
    issue_one_time_password(engine, EMAIL)
    theirs = "/admin/campaigns/others/letters/change?action=cancel"
    token = re.search(r'name="csrf_token" value="([^"]+)"', troubled.get("/admin/password").text)
    assert token
    for path in (f"{theirs}&id=2", f"{CHANGE}?action=cancel&id=2", "/admin/campaigns/others/addresses/1"):
        is_refused = role == "viewer" and "others" in path
        for answer in (troubled.get(path), troubled.post(path, data={"csrf_token": token[1]})):
            assert answer.status_code == (403 if is_refused else 404), path
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM letter WHERE state = 'cancelled'")) == 0


def test_what_can_not_be_done_says_why_and_offers_what_can(troubled: FlaskClient, engine: Engine) -> None:
    """Letters that a program may have sent, to a seat that nobody holds: they can't be released."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE office_holder SET valid_to = current_date WHERE office_id = 1"))
        held = "state = 'held', cause = 'abuse_check', hold_reason = 'abuse_check', body = ''"
        connection.execute(text(f"UPDATE letter SET {held} WHERE office_id = 1"))
    group = troubled.get(PAGE).text
    assert "Release all 2" not in group
    assert "Withdraw all 2" in group
    assert "Mark as dealt with" in group
    look = troubled.get(f"{CHANGE}?action=release&all=yes&needs=yes&problem=sent_quickly").text
    assert "There is nothing to do here" not in look
    assert "Release: not possible now" in look
    assert "Left out: 2 letters that wait for a seat that nobody holds." in look
    links = re.findall(r'<a class="btn[^"]*" href="([^"]+)">([^<]+ …)', look)
    ways = {words: html.unescape(address) for address, words in links}
    assert list(ways) == ["Cancel 2 letters …", "Mark 2 letters as dealt with …"]
    press(troubled, ways["Mark 2 letters as dealt with …"], as_of=now().isoformat(), expected="2")
    assert "sent within seconds" not in troubled.get(PAGE).text


def test_questions_about_addresses_are_marked_as_dealt_with_and_undone(troubled: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'sent'"))
        connection.execute(text("UPDATE submission SET state = 'needs_address', lookup_status = 'no_match'"))
        connection.execute(text("UPDATE submission SET state_changed_at = now()"))
    title = "2 people could not be matched to a district"
    assert title in troubled.get(PAGE).text
    page = f"{PAGE}/addresses"
    assert "Mark 2 people as dealt with" in troubled.get(page).text
    press(troubled, page, f"{page}/settle")
    assert title not in troubled.get(PAGE).text
    assert "Undo: 2 people marked as dealt with" in troubled.get(page).text
    press(troubled, page, f"{page}/settle", undo="yes")
    assert title in troubled.get(PAGE).text
