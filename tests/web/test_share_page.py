"""The organizer's page for making a campaign known: links, QR codes, flyers, and where people came from."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.rendering import flyer, share_card
from shared.services import sharing
from shared.services.accept import accept_submission
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter
from tests.plans import read_plan
from tests.web.test_organizer import signed_in
from tests.web.test_results_page import text_of

# Pytest finds fixtures by their name in this module.
__all__ = ["signed_in"]

PAGE = "/admin/campaigns/co-ops/share"


@pytest.fixture
def people(engine: Engine, ring: Ring, settings: Settings, signed_in: FlaskClient) -> None:
    """Two by the flyer, one by a code of the organizer's own, one without; a fifth never pressed Send."""
    for number, source in enumerate(("flyer", "Flyer", "maria", "", "flyer")):
        details = make_supporter(f"p{number}@example.org")
        token = begin_submission(engine, ring, settings, "co-ops", details, source=source)
        if number < 4:
            accept_submission(engine, ring, settings, token, own_words="")


def test_the_page_gives_link_code_and_flyer(signed_in: FlaskClient) -> None:
    page = signed_in.get(PAGE)
    assert 'value="http://127.0.0.1:8000/c/co-ops?source=flyer"' in page.text
    assert "/co-ops/card.png?lang=en&amp;v=" in page.text
    assert "Nobody yet." in page.text
    assert 'href="/admin/campaigns/co-ops/share"' in signed_in.get("/admin/campaigns/co-ops").text
    for name, mimetype, begins in (
        ("qr.svg", "image/svg+xml", b"<svg"),
        ("qr.png", "image/png", b"\x89PNG"),
        ("flyer.pdf", "application/pdf", b"%PDF"),
    ):
        assert f"{PAGE}/flyer/{name}" in page.text
        file = signed_in.get(f"{PAGE}/flyer/{name}")
        assert (file.status_code, file.mimetype) == (200, mimetype)
        assert file.data.startswith(begins)
        assert "co-ops-flyer." in file.headers["Content-Disposition"]


def test_every_code_has_its_own(signed_in: FlaskClient) -> None:
    page = signed_in.get(f"{PAGE}?source=Library-Table").text
    assert "/c/co-ops?source=library-table" in page
    assert f"{PAGE}/library-table/flyer.pdf" in page
    assert signed_in.get(f"{PAGE}/library-table/qr.svg").data != signed_in.get(f"{PAGE}/flyer/qr.svg").data
    assert signed_in.get(f"{PAGE}/Library-Table/qr.svg").status_code == 404
    assert signed_in.get("/admin/campaigns/none/share").status_code == 404


def test_flyers_are_made_in_the_languages_that_the_campaign_speaks(signed_in: FlaskClient, engine: Engine) -> None:
    assert 'id="in"' not in signed_in.get(PAGE).text
    spanish = '[translations.es]\ntitle = "Salvemos la biblioteca"\n+++\n<!-- page: es -->\nEscriba.\n<!-- page -->'
    make_campaign(engine, CAMPAIGN.replace("+++\n<!-- page -->", spanish))
    page = signed_in.get(f"{PAGE}?source=fair&in=es").text
    assert '<option value="es" selected>Español</option>' in page
    assert "/c/co-ops?source=fair&amp;lang=es" in page
    assert f"{PAGE}/fair/flyer.pdf?in=es" in page
    assert "Salvemos la biblioteca" in page
    assert "action=&#34;http://127.0.0.1:8000/c/co-ops?source=embed&amp;amp;lang=es&#34;" in page
    flyers = [signed_in.get(f"{PAGE}/fair/flyer.pdf{query}").data for query in ("", "?in=es", "?in=xx")]
    assert flyers[0] == flyers[2] != flyers[1]


@pytest.mark.parametrize("typed", ["two words", "é", "a" * 41, "<b>", "-"])
def test_what_can_be_no_code_is_explained(signed_in: FlaskClient, typed: str) -> None:
    answer = signed_in.get(PAGE, query_string={"source": typed})
    assert answer.status_code == 422
    assert "Use letters, digits and hyphens" in answer.text
    assert "/c/co-ops?source=flyer" in answer.text
    assert "<b>&" not in answer.text


def test_people_are_counted_by_code(signed_in: FlaskClient, people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    page = text_of(signed_in, PAGE)
    assert "4 people pressed Send" in page
    assert "flyer The flyer 2 No code: typed, searched, or linked without one 1 maria 1" in page
    assert "All other codes" not in page
    assert f'href="{PAGE}?source=maria"' in signed_in.get(PAGE).text
    monkeypatch.setattr(sharing, "_MOST_SOURCES", 1)
    assert "flyer The flyer 2 All other codes 2" in text_of(signed_in, PAGE)


def test_the_count_reads_an_index_alone(engine: Engine) -> None:
    make_campaign(engine)
    statement = (
        "SELECT source, count(*) FROM submission WHERE campaign_id = 1 AND accepted_at IS NOT NULL GROUP BY source"
    )
    plan = read_plan(engine, statement, off=("seqscan", "bitmapscan"))
    assert "Index Only Scan using ix_submission_campaign_accepted" in plan


def test_what_the_fonts_lack_is_said(signed_in: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "fonts of this server" not in signed_in.get(PAGE).text
    found = flyer.find_line
    for module in (flyer, share_card):
        monkeypatch.setattr(module, "find_line", lambda text, **how: None if "写" in text else found(text, **how))
    make_campaign(engine, CAMPAIGN.replace("Keep our shops local", "写信"))
    page = text_of(signed_in, PAGE)
    assert "The fonts of this server lack characters of this text" in page
    assert page.count("“写信”") == 1
    assert signed_in.get(f"{PAGE}/flyer/flyer.pdf").status_code == 200
