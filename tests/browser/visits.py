"""A supporter's browser on the site, moved from one state of a page to the next and looked at in each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import text

from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state
from tests.browser.walk import check

if TYPE_CHECKING:
    from tests.browser.conftest import Site


@dataclass
class Visit:
    """A supporter's browser on the site, and the hand that moves what they can't."""

    site: "Site"
    page: Page
    size: ViewportSize

    def sql(self, statement: str) -> None:
        with self.site.engine.begin() as connection:
            connection.execute(text(statement))

    def see(self, path: str, words: str) -> None:
        """Goes there, finds the words, looks whether it is fit."""
        self.page.goto(path if path.startswith("http") else self.site.url + path)
        self.sees(words)

    def sees(self, words: str) -> None:
        expect(self.page.locator("body")).to_contain_text(words)
        check(self.page)

    def switch(self, state: CampaignState, words: str) -> None:
        """Moves the campaign on and sees its page, as the process that kept the old one reads it anew."""
        change_campaign_state(self.site.engine, "co-ops", state, actor="test")
        self.site.forget_pages()
        self.see(f"/c/co-ops?source={state}", words)
