"""Exports in a browser: asked for, watched without a reload, downloaded, deleted; fit for everybody at each step."""

import zipfile

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check
from tests.factories import write_letters

pytestmark = pytest.mark.browser


@ON_A_PHONE
def test_a_file_is_asked_for_watched_downloaded_and_deleted(
    site: Site, browser: Browser, faults: Faults, size: ViewportSize
) -> None:
    write_letters(site.engine, site.ring, site.settings)
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/campaigns/co-ops/exports")
    expect(page.get_by_text("Nobody has asked for a file yet.")).to_be_visible()
    check(page)
    page.get_by_text("Supporters with consent (CSV)").click()
    page.get_by_text("Only some of the letters").click()
    page.get_by_label("In which state").select_option("queued")
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("alert")).to_contain_text("by date only")
    check(page)
    page.get_by_label("In which state").select_option("")
    page.get_by_label("Summary by legislator (CSV)").check()
    page.get_by_role("button", name="Make the file").click()
    site.hold()
    page.get_by_label("Letters to hand over (PDF)").check()
    page.get_by_role("button", name="Make the file").click()
    files = page.locator(".files tbody tr")
    expect(files.first).to_contain_text("Waiting for a worker")
    check(page)
    site.release()
    # Without a reload by the person.
    link = files.first.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    expect(files.first).to_contain_text("2 letters")
    with page.expect_download() as begun:
        link.click()
    with zipfile.ZipFile(begun.value.path()) as archive:
        assert [name.split("-")[0] for name in archive.namelist()] == ["house", "senate"]
    check(page)
    files.first.get_by_role("button", name="Delete now").click()
    expect(page.get_by_text("The file is deleted.")).to_be_visible()
    expect(files.first).to_contain_text("Deleted by hand.")
    check(page)
