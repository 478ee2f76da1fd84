"""Offices in the console, from the list to a corrected address and a vacancy: each page fit for everybody."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from sqlalchemy import Engine, text

from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from tests.browser.conftest import Faults, Site, open_console
from tests.browser.pictures import ALBUM
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check
from tests.factories import write_letters
from tests.services.places import files

pytestmark = pytest.mark.browser
WARNING = """
UPDATE import_run SET report = report || '{"warnings": ["60 of 160 seats of the lower chamber are vacant now."]}'
WHERE kind = 'legislators'
"""


def load_state(engine: Engine, folder: Path) -> None:
    names = ["1st Essex", "2nd Essex", "3rd Essex"]
    people = [files.person(1, "Wes West", names[0]), files.person(2, "Eve East", names[1])]
    people.append(files.person(3, "Sue Senate", "First Essex", "upper"))
    import_legislators(engine, files.write_csv(folder / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(engine, files.write_districts(folder / "h.geojson", names), "ma")
    import_districts(engine, files.write_districts(folder / "s.geojson", ["First Essex"], "upper"), "ma")
    points = [("12", "Maple Street", "Worcester", "01603", 42.1, -71.59)]
    import_addresses(engine, files.write_points(folder / "points.csv", points), "ma")


@ON_A_PHONE
def test_from_the_list_to_a_correction_and_a_vacancy(
    site: Site, browser: Browser, faults: Faults, size: ViewportSize, tmp_path: Path
) -> None:
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/offices")
    expect(page.get_by_text("No legislators are loaded yet")).to_be_visible()
    check(page)
    load_state(site.engine, tmp_path)
    site.hold()
    write_letters(site.engine, site.ring, site.settings)
    page.reload()
    check(page)
    page.get_by_label("Search for a legislator").fill("west")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Representative Wes West").click()
    check(page)
    page.get_by_role("link", name="Correct the addresses").click()
    page.get_by_label("Email address", exact=True).fill("nonsense")
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    check(page)
    page.get_by_label("Email address", exact=True).fill("wes@better.example")
    page.get_by_label("Why").fill("Their website says so")
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.get_by_text("1 letter that waits goes to wes")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Correct the addresses").click()
    expect(page.get_by_text("The roster says something else than we do.")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Mark the seat vacant").click()
    page.get_by_label("Why").fill("Resigned")
    page.get_by_role("button", name="Show what will happen").click()
    page.get_by_role("button", name="Mark the seat vacant").click()
    expect(page.get_by_text("1 letter is held for the next holder")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Seat a successor").first.click()
    check(page)
    page.go_back()
    page.get_by_role("link", name="Undo").first.click()
    check(page)
    page.get_by_role("button", name="Undo it").click()
    expect(page.get_by_text("Undone. 1 letter leaves when due.")).to_be_visible()
    with site.engine.begin() as connection:
        connection.execute(text(WARNING))
    page.goto(f"{site.url}/admin/imports")
    check(page)
    page.get_by_role("link", name="Legislators").click()
    expect(page.get_by_role("button", name="Mark as dealt with")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Mark as dealt with").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    ALBUM.take(page)
