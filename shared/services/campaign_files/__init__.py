"""Campaigns as files: TOML between `+++` lines, then Markdown. Reads, checks and writes; touches no database.

The body is divided by `<!-- page -->` and `<!-- letter -->` (`<!-- letter: NAME -->` for further versions, which
the head describes under `[[versions]]`; `<!-- page: es -->` for the page in another language). A body without these
marks is read as hosts write it: the letter begins at "Dear", and a last paragraph "This campaign is hosted by …" is the
host's privacy sentence.
"""

from shared.services.campaign_files.reading import names_its_slug, parse_campaign
from shared.services.campaign_files.writing import format_campaign

__all__ = ["format_campaign", "names_its_slug", "parse_campaign"]
