"""Where a state's public data files are: Open States and the Census, or a folder or web folder with such files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from shared.domain.places import Chamber
from shared.domain.us_states import UsState
from shared.errors import ProviderError
from shared.providers.http import get_text

OPEN_STATES = "https://data.openstates.org/people/current/"
TIGER = "https://www2.census.gov/geo/tiger/TIGER2025/"
_TIGER_YEAR = 2025
_CONGRESS = 119
_LINK = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class PublicFile:
    """A file to import: `kind` legislators, districts, addresses or streets; `place` a path or a URL."""

    kind: str
    place: str
    chamber: Chamber | None = None

    @property
    def name(self) -> str:
        """The file's own name."""
        path = unquote(urlsplit(self.place).path) if self.is_remote else self.place
        return path.rstrip("/").rpartition("/")[2]

    @property
    def server(self) -> str:
        """The server to fetch it from; empty for a local file."""
        return urlsplit(self.place).netloc if self.is_remote else ""

    @property
    def is_remote(self) -> bool:
        """True when it has to be fetched first."""
        return is_url(self.place)


def is_url(place: str) -> bool:
    """True for http and https addresses."""
    return place.startswith(("http://", "https://"))


def official_files(state: UsState, *, with_streets: bool) -> list[PublicFile]:
    """The files as their makers publish them. Lists the Census' folder to learn the state's counties."""
    fips, prefix = state.fips, f"tl_{_TIGER_YEAR}_{state.fips}"
    files = [
        PublicFile("legislators", f"{OPEN_STATES}{state.code.lower()}.csv"),
        PublicFile("legislators", f"{OPEN_STATES}us.csv"),
        PublicFile("districts", f"{TIGER}SLDU/{prefix}_sldu.zip", Chamber.UPPER),
        PublicFile("districts", f"{TIGER}CD/{prefix}_cd{_CONGRESS}.zip", Chamber.CONGRESS),
    ]
    if state.code not in ("NE", "DC"):
        files.append(PublicFile("districts", f"{TIGER}SLDL/{prefix}_sldl.zip", Chamber.LOWER))
    if with_streets:
        names = _links(f"{TIGER}ADDRFEAT/")
        wanted = sorted(name for name in names if re.fullmatch(rf"tl_\d+_{fips}\d{{3}}_addrfeat\.zip", name))
        files += [PublicFile("streets", f"{TIGER}ADDRFEAT/{name}") for name in wanted]
    return files


def files_in(place: str, state: UsState) -> list[PublicFile]:
    """The files of a folder or web folder that we know by their names; also in its subfolder named like the state."""
    code = state.code.lower()
    if is_url(place):
        base = place.rstrip("/") + "/"
        return _recognise(((name, urljoin(base, name)) for name in _names_at(base)), state)
    folder = Path(place).expanduser()
    for candidate in (folder, folder / code):
        if candidate.is_dir():
            found = _recognise(((path.name, str(path)) for path in sorted(candidate.iterdir())), state)
            if found:
                return found
    return []


def _names_at(base: str) -> list[str]:
    """Names from the web folder's listing; without one, the names that we would give."""
    try:
        names = _links(base)
    except ProviderError:
        names = []
    usual = ["house_districts.geojson.gz", "senate_districts.geojson.gz", "congress_districts.geojson.gz"]
    return sorted(names) or ["legislators.csv", *usual, "public_addresses.csv"]


def _links(url: str) -> list[str]:
    names = {unquote(link).rpartition("/")[2] for link in _LINK.findall(get_text(url))}
    return sorted(name for name in names if name)


def _recognise(files: Iterable[tuple[str, str]], state: UsState) -> list[PublicFile]:
    code, fips = state.code.lower(), state.fips
    patterns = [
        ("legislators", None, rf"(?:legislators|{code}|us)\.csv(?:\.gz)?"),
        ("districts", Chamber.LOWER, rf"house_districts\.geojson(?:\.gz)?|(?:tl|cb)_\d+_{fips}_sldl.*\.zip"),
        ("districts", Chamber.UPPER, rf"senate_districts\.geojson(?:\.gz)?|(?:tl|cb)_\d+_{fips}_sldu.*\.zip"),
        ("districts", Chamber.CONGRESS, rf"congress_districts\.geojson(?:\.gz)?|(?:tl|cb)_\d+_{fips}_cd\d.*\.zip"),
        ("addresses", None, r"(?:.*_)?addresses\.csv(?:\.gz|\.zip)?"),
        ("streets", None, rf".*street_ranges\.geojson(?:\.gz)?|tl_\d+_{fips}\d{{3}}_addrfeat\.zip"),
    ]
    named = list(files)
    return [
        PublicFile(kind, place, chamber)
        for kind, chamber, pattern in patterns
        for name, place in named
        if re.fullmatch(pattern, name, re.IGNORECASE)
    ]
