"""The page's text in other languages, in the campaign's own file."""

import pytest

from shared.domain.campaigns import from_content, to_content
from shared.errors import CampaignFileError
from shared.services.campaign_files import format_campaign, parse_campaign
from tests.factories import CAMPAIGN

SPANISH = """
[translations.es]
title = "Que nuestras tiendas sigan aquí"
"""
MARKED = CAMPAIGN.replace("\n+++\n", SPANISH + "+++\n", 1).replace(
    "<!-- letter", "<!-- page: es -->\nEscriba a la Cámara.\n\n<!-- letter", 1
)


def test_readers_get_their_language_or_the_campaigns() -> None:
    campaign = parse_campaign(MARKED, name="co-ops.md")
    assert campaign.text_in("es").title == "Que nuestras tiendas sigan aquí"
    assert campaign.text_in("es").page == "Escriba a la Cámara."
    assert campaign.text_in("vi").title == campaign.title
    assert campaign.text_in("vi").language == "en"


def test_the_file_and_the_database_give_the_same_back() -> None:
    campaign = parse_campaign(MARKED, name="co-ops.md")
    assert parse_campaign(format_campaign(campaign), name="x.md") == campaign
    columns = {
        name: getattr(campaign, name)
        for name in ("slug", "title", "jurisdiction", "chambers", "deadline", "deliver_by", "undo_minutes")
    }
    assert from_content(columns, to_content(campaign)) == campaign


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            MARKED.replace("translations.es", "translations.xx").replace("page: es", "page: xx"),
            "no language of the pages",
        ),
        (MARKED.replace("<!-- page: es -->\nEscriba a la Cámara.\n", ""), "The translation es lacks page"),
        (MARKED.replace("<!-- page: es -->", "<!-- page: vi -->"), "has no table [translations.vi]"),
        (MARKED.replace('title = "Que', 'headline = "x"\ntitle = "Que'), "headline is not part of a translation"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(CampaignFileError) as error:
        parse_campaign(text, name="co-ops.md")
    assert words in str(error.value)
