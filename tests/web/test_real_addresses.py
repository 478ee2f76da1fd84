"""With Massachusetts imported, every public address that is not in doubt leads to two letters to the right offices."""

import csv
import email
import email.policy
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.domain.places import Chamber
from shared.paths import ROOT
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.delivery import deliver_letters
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.prepare import prepare_submissions
from shared.settings import Settings
from tests.factories import make_campaign
from tests.smtp_server import ScriptedSmtpServer
from web.app import create_app

DATA = ROOT.parent / "shared" / "data" / "ma"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data of Massachusetts are not here")

LAYERS = {
    "house_districts.geojson.gz": Chamber.LOWER,
    "senate_districts.geojson.gz": Chamber.UPPER,
    "congress_districts.geojson.gz": Chamber.CONGRESS,
}
# Rows whose distance to an edge is within an address point's error are a question, and few.
MOST_DOUBTFUL = 10


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def massachusetts(engine: Engine) -> Engine:
    for name, chamber in LAYERS.items():
        import_districts(engine, DATA / name, "ma", chamber=chamber)
    import_legislators(engine, DATA / "legislators.csv", "ma")
    import_addresses(engine, DATA / "public_addresses.csv", "ma")
    make_campaign(engine)
    return engine


def begin(client: FlaskClient, number: int, row: dict[str, str]) -> str:
    typed = {"first_name": "Renée", "last_name": "Ríos", "email": f"supporter{number}@example.org"}
    typed |= {"street": row["address"], "city": row["city"], "zip": row["zip"]}
    answer = client.post("/c/co-ops", data=typed)
    assert answer.status_code == 303, answer.text
    return answer.location


def send(client: FlaskClient, path: str) -> bool:
    """Presses Send; False when the page asks a question instead."""
    page = client.get(path).text
    if 'data-key="go" data-keep hidden' in page:
        return False
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    boxes = re.findall(r'name="to" value="(\d+)" checked', page)
    assert token
    data = {"csrf_token": token[1], "action": "send", "own_words": "", "to": boxes, "boxes": "1"}
    assert client.post(path, data=data).status_code == 303
    return True


def test_every_public_address_reaches_its_own_two_offices(massachusetts: Engine, settings: Settings) -> None:
    rows = read_rows("public_addresses.csv")
    members = {(row["current_chamber"], row["current_district"]): row for row in read_rows("legislators.csv")}
    asked = []
    with ScriptedSmtpServer() as mailbox:
        settings = replace(settings, mailbox_url=mailbox.url)
        ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
        client = create_app(settings, massachusetts, ring).test_client()
        # One browser remembers its newest letters only, so it goes along in small groups.
        for first in range(0, len(rows), 15):
            group = list(enumerate(rows))[first : first + 15]
            paths = {number: begin(client, number, row) for number, row in group}
            prepare_submissions(massachusetts, ring, settings)
            asked += [number for number, path in paths.items() if not send(client, path)]
        prepare_submissions(massachusetts, ring, settings)
        while deliver_letters(massachusetts, ring, settings, first_tries=True):
            pass
    received: dict[int, dict[str, bytes]] = {}
    for _, recipient, message in mailbox.accepted:
        found = re.search(rb"supporter(\d+)@example.org", message)
        assert found
        received.setdefault(int(found[1]), {})[recipient] = message
    assert len(asked) <= MOST_DOUBTFUL
    for number, row in enumerate(rows):
        if number not in asked:
            wanted = [members.get(("lower", row["house_district"])), members.get(("upper", row["senate_district"]))]
            check_letters(received.get(number, {}), [member for member in wanted if member], row)


def check_letters(letters: dict[str, bytes], members: list[dict[str, str]], row: dict[str, str]) -> None:
    assert set(letters) == {member["email"] for member in members}, row["address"]
    for member in members:
        message = email.message_from_bytes(letters[member["email"]], policy=email.policy.default)
        title = "Representative" if member["current_chamber"] == "lower" else "Senator"
        text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
        for part in (text, page):
            assert f"Dear {title} {member['name']}," in part
        assert message["Subject"] == f"Please back {member['current_district']}'s co-ops"
        assert row["address"] in text
        assert message["Reply-To"].addresses[0].display_name == "Renée Ríos"
        assert not message.defects
