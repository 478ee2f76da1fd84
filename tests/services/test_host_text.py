"""A host's own text, imported from a file as the host wrote it: nothing of it may change on the way to a reader."""

import html
import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from shared.db.tables import letter
from shared.domain.states import CampaignState
from shared.paths import ROOT
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.campaigns import change_campaign_state, import_campaign
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_supporter
from tests.unit.test_campaign_files import HOST_TEXT
from web.app import create_app

REAL = ROOT.parent / "shared" / "campaign" / "cooperative-ma.txt"
FILLED = {
    "recipient position": "Practice Representative",
    "recipient name": "Pat Practice",
    "your name": "Jamie Rivera",
    "your email address": "jamie@example.org",
    "your location": "12 Maple Street, Worcester, MA 01603",
}


def texts() -> list[object]:
    found: list[object] = [pytest.param(HOST_TEXT, id="invented")]
    mark = pytest.mark.skipif(not REAL.exists(), reason="the host's own file is not here")
    return [*found, pytest.param(REAL, id="the host's own", marks=mark)]


def words(text: str) -> str:
    return " ".join(text.split())


def visible(page: str) -> str:
    """What a reader of the page sees: scripts, styles and tags away, entities read."""
    page = re.sub(r"<(head|script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return words(
        html.unescape(
            re.sub(
                r"</?(?:b|strong|em|mark|span|a)\b[^>]*>",
                "",
                re.sub(r"<(?!/?(?:b|strong|em|mark|span|a)\b)[^>]+>", " ", page),
            )
        )
    )


@pytest.mark.parametrize("source", texts())
def test_page_and_letter_say_what_the_file_says(source: str | Path, engine: Engine, settings: Settings) -> None:
    text = source.read_text() if isinstance(source, Path) else source
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    stored = import_campaign(engine, text, name="host.txt", overrides={"subject": "A subject"})
    change_campaign_state(engine, stored.campaign.slug, CampaignState.LIVE, actor="test")
    before, dear, after = text.partition("Dear ")
    own, hosted, privacy = after.partition("This campaign is hosted by")
    page = visible(create_app(settings, engine, ring).test_client().get(f"/c/{stored.campaign.slug}").text)
    for paragraph in [*re.split(r"\n\s*\n", before), hosted + privacy]:
        assert words(paragraph) in page
    token = begin_submission(engine, ring, settings, stored.campaign.slug, make_supporter())
    accept_submission(engine, ring, settings, token, own_words="")
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        body = connection.execute(select(letter.c.body).order_by(letter.c.id)).scalars().first()
    expected = dear + own
    for placeholder, value in FILLED.items():
        expected = expected.replace(f"[{placeholder} will go here]", value)
    assert words(body or "") == words(expected)
