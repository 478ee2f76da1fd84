"""From the picture beside a campaign's file to the logo on its pages, and back to a file."""

from pathlib import Path

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.db.logos import StoredLogo, find_logo
from shared.domain.logos import Logo
from shared.errors import CampaignFileError, NotFound
from shared.rendering.logos import MOST_BYTES, LogoRefused, make_logo


def load_logo(folder: Path | None, named: Logo) -> tuple[Logo, StoredLogo]:
    """The logo that a campaign file names; raises CampaignFileError with the reason when it can't be one."""
    file = folder / named.file if folder else None
    if file is None or not file.is_file():
        raise CampaignFileError([f"logo: {named.file} is not there. Put it beside the campaign file."])
    try:
        with file.open("rb") as opened:
            logo, png = make_logo(opened.read(MOST_BYTES + 1), named.file)
    except LogoRefused as refused:
        raise CampaignFileError([f"logo: {named.file} {refused}"]) from refused
    return logo, StoredLogo(logo.version, png)


def read_logo(engine: Engine, slug: str) -> StoredLogo:
    """The logo's picture; raises NotFound."""
    with at_once(engine) as connection:
        found = find_logo(connection, slug)
    if found is None:
        raise NotFound("This campaign has no logo.")
    return found
