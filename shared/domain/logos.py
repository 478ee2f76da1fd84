"""A host's logo: which picture it is, and how large pages show it. The picture itself is in the database."""

import re
from dataclasses import dataclass

# Pages show it at most this large.
SHOWN_WIDTH, SHOWN_HEIGHT = 160, 40
# It is kept twice as large, for the fine screens of phones.
KEPT_WIDTH, KEPT_HEIGHT = 2 * SHOWN_WIDTH, 2 * SHOWN_HEIGHT
# From here on it is a lettering, which says the host's name itself.
_LETTERING = 2.2
_PLAIN_NAME = re.compile(r"[^/\\:.][^/\\:]*")


@dataclass(frozen=True)
class Logo:
    """`file` is its name beside the campaign file; `version` changes with the picture, whose size is in dots.

    A campaign that was only read from its file knows no more than the name.
    """

    file: str
    version: str = ""
    width: int = 0
    height: int = 0

    @property
    def shown(self) -> tuple[int, int]:
        """Its width and height on pages."""
        scale = min(1.0, SHOWN_WIDTH / self.width, SHOWN_HEIGHT / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    @property
    def is_lettering(self) -> bool:
        """True when it is so wide that it says the name; a sign needs the name beside it."""
        return self.width >= _LETTERING * self.height


def parse_logo(text: str) -> Logo:
    """The logo of this name; raises ValueError with words that follow the setting's name."""
    file = text.strip()
    if not _PLAIN_NAME.fullmatch(file):
        raise ValueError('must be the name of a picture beside the campaign file, such as "logo.png"')
    return Logo(file)
