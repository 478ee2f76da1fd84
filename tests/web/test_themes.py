"""A campaign in its host's color and with its logo, on every page of it, under addresses that browsers may keep."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import Engine, event, func, select

from shared.db.tables import campaign_logo
from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state, export_campaign, import_campaign, read_campaign
from tests.factories import CAMPAIGN, make_campaign
from tests.unit.test_logos import picture
from tests.web.test_supporter import begin, press
from web.context import EXTENSION

THEME = 'host = "Neighbors United"\ncolor = "#6A1B9A"\nlogo = "sign.png"'
THEMED = CAMPAIGN.replace('host = "Neighbors United"', THEME)


@pytest.fixture
def themed(engine: Engine, tmp_path: Path) -> Callable[..., None]:
    def make(text: str = THEMED, raw: bytes | None = None) -> None:
        (tmp_path / "sign.png").write_bytes(raw or picture((400, 100)))
        make_campaign(engine, text, tmp_path)

    make()
    return make


def theme_of(page: str) -> str:
    found = re.search(r'<link rel="stylesheet" href="(/theme/[^"]+)">', page)
    return found[1] if found else ""


def logo_of(page: str) -> re.Match[str]:
    found = re.search(r'<img class="logo" src="([^"]+)" width="(\d+)" height="(\d+)" alt="([^"]*)">', page)
    assert found, page[:2_000]
    return found


def test_the_stylesheet_is_small_and_kept_for_long(client: FlaskClient, themed: Callable[..., None]) -> None:
    address = theme_of(client.get("/c/co-ops").text)
    sheet = client.get(address)
    assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
    assert "--brand:#6a1b9a" in sheet.text
    assert len(sheet.data) < 120
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in sheet.headers
    assert "Cookie" not in sheet.headers.get("Vary", "")
    assert client.get(address, headers={"If-None-Match": sheet.headers["ETag"]}).status_code == 304
    assert client.get(address.partition("?")[0]).headers["Cache-Control"] == "public, max-age=300"


def test_the_stylesheet_follows_the_color(client: FlaskClient, themed: Callable[..., None]) -> None:
    first = theme_of(client.get("/c/co-ops").text)
    themed(THEMED.replace("#6A1B9A", "#1b5e20"))
    second = theme_of(client.get("/c/co-ops").text)
    assert first != second
    assert "#1b5e20" in client.get(second).text


def test_a_color_costs_the_database_nothing(client: FlaskClient, engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert client.get("/theme/ff6600.css").status_code == 200
    assert statements == []


@pytest.mark.parametrize("name", ["teal", "15a", "6A1B9A", "6a1b9a;x", "6a1b9a7"])
def test_other_stylesheets_are_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/theme/{name}.css").status_code == 404


def test_pages_obey_the_policy(client: FlaskClient, themed: Callable[..., None]) -> None:
    page = client.get("/c/co-ops")
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "style=" not in page.text
    assert "<style" not in page.text
    assert '<meta name="theme-color" content="#6a1b9a">' in page.text


def test_without_a_theme_pages_are_as_they_were(client: FlaskClient, engine: Engine) -> None:
    make_campaign(engine)
    page = client.get("/c/co-ops").text
    assert not theme_of(page)
    assert "logo.png" not in page
    assert '<meta name="theme-color" content="#0b5563">' in page
    assert "<span>Neighbors United</span>" in page
    assert client.get("/c/co-ops/logo.png").status_code == 404


def test_the_logo_is_kept_for_long_and_moves_nothing(client: FlaskClient, themed: Callable[..., None]) -> None:
    address, width, height, alt = logo_of(client.get("/c/co-ops").text).groups()
    assert (width, height, alt) == ("160", "40", "Neighbors United")
    logo = client.get(address)
    assert (logo.status_code, logo.mimetype) == (200, "image/png")
    assert Image.open(io.BytesIO(logo.data)).size == (320, 80)
    assert logo.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert logo.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in logo.headers
    assert "Cookie" not in logo.headers.get("Vary", "")
    assert client.get(address, headers={"If-None-Match": logo.headers["ETag"]}).status_code == 304
    themed(raw=picture((400, 100), ink="#1b5e20"))
    changed = logo_of(client.get("/c/co-ops").text)[1]
    assert changed != address
    assert client.get(address).headers["Cache-Control"] == "public, max-age=300"
    assert client.get(address).data == client.get(changed).data != logo.data


def test_a_sign_has_the_name_beside_it(client: FlaskClient, themed: Callable[..., None]) -> None:
    themed(raw=picture((200, 200)))
    page = client.get("/c/co-ops").text
    # Said once: in words.
    assert logo_of(page).groups()[1:] == ("40", "40", "")
    assert "<span>Neighbors United</span>" in page


def test_a_campaign_without_its_logo_keeps_no_picture(
    client: FlaskClient, engine: Engine, themed: Callable[..., None]
) -> None:
    themed(THEMED.replace('logo = "sign.png"\n', ""))
    assert client.get("/c/co-ops/logo.png").status_code == 404
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(campaign_logo)).scalar_one() == 0


def test_export_and_import_agree(engine: Engine, themed: Callable[..., None], tmp_path: Path) -> None:
    before, text = read_campaign(engine, "co-ops"), export_campaign(engine, "co-ops")
    assert 'color = "#6a1b9a"' in text
    assert 'logo = "sign.png"' in text
    again = import_campaign(engine, text, name="x.md", folder=tmp_path)
    assert again.campaign == before.campaign
    assert again.campaign.logo
    assert again.campaign.logo.version


def test_every_page_of_the_campaign_has_both(
    client: FlaskClient, engine: Engine, themed: Callable[..., None], prepare: Callable[[], int]
) -> None:
    path = begin(client)
    pages = {"letter": client.get(path).text}
    prepare()
    status = press(client, path, "send").location
    prepare()
    pages["status"] = client.get(status).text
    pages["my letters"] = client.get(status.replace("/s/", "/mine/")).text
    pages["delete"] = client.get(f"{status}/delete").text
    pages["deleted"] = client.get("/c/co-ops/deleted").text
    pages["not yours"] = client.get("/c/co-ops/letter/of-somebody-else").text
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    pages["closed"] = client.get("/c/co-ops").text
    for name, page in pages.items():
        assert theme_of(page), name
        assert logo_of(page), name


def test_readers_of_a_themed_campaign_cost_the_database_nothing(
    app: Flask, client: FlaskClient, engine: Engine, themed: Callable[..., None]
) -> None:
    app.extensions[EXTENSION].pages.seconds = 60.0
    first = client.get("/c/co-ops")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert client.get("/c/co-ops").data == first.data
    assert client.get(theme_of(first.text)).status_code == 200
    assert statements == []


def test_the_card_shows_color_and_logo(client: FlaskClient, engine: Engine, themed: Callable[..., None]) -> None:
    def card() -> tuple[str, Image.Image]:
        found = re.search(r'property="og:image" content="[^"]*?(/c/co-ops/card[^"]+)"', client.get("/c/co-ops").text)
        assert found
        address = found[1].replace("&amp;", "&")
        return address, Image.open(io.BytesIO(client.get(address).data)).convert("RGB")

    address, drawn = card()
    assert drawn.getpixel((5, 5)) == (0x6A, 0x1B, 0x9A)
    # The middle of the lettering in the foot, where else the name stands.
    assert drawn.getpixel((72 + 130, 630 - 54)) == (0x7B, 0x1F, 0xA2)
    themed(raw=picture((400, 100), ink="#1b5e20"))
    assert card()[0] != address
    make_campaign(engine)
    assert card()[1].getpixel((5, 5)) == (0x0B, 0x55, 0x63)
