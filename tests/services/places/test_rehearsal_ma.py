"""The rehearsal of a campaign in the real districts of Massachusetts."""

from sqlalchemy import Engine, text

from shared.services.campaigns import import_campaign, read_campaign
from shared.services.rehearsal import ask_rehearsal, read_rehearsals, run_rehearsals
from shared.settings import Settings
from tests.factories import CAMPAIGN


def test_every_district_is_rehearsed(massachusetts: Engine, settings: Settings) -> None:
    import_campaign(massachusetts, CAMPAIGN, name="co-ops.md")
    try:
        assert ask_rehearsal(massachusetts, None, "co-ops", actor="test")
        assert run_rehearsals(massachusetts, None, settings) == 1
        page = read_rehearsals(massachusetts, read_campaign(massachusetts, "co-ops"))
        assert page.report is not None
        assert page.report.supporters == 200
        assert page.report.sent == page.report.letters
        assert 380 <= page.report.letters <= 400
        assert page.report.offices == 200
        with massachusetts.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM letter")) == 0
            assert connection.scalar(text("SELECT count(*) FROM submission")) == 0
    finally:
        with massachusetts.begin() as connection:
            connection.execute(text("DELETE FROM campaign WHERE slug = 'co-ops'"))
