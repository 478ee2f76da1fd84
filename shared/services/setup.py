"""Brings a state's public data in: which files, fetching them, checking them, importing them one by one."""

import gzip
import zipfile
from pathlib import Path

from sqlalchemy import Engine

from shared.domain.us_states import UsState
from shared.errors import ImportRefused, NotFound
from shared.providers.downloads import Arrival, BytesProgress, Download, download
from shared.providers.public_data import PublicFile, files_in, is_url, official_files
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.imports.reports import ImportReport, Progress, no_progress
from shared.services.imports.streets import import_streets
from shared.settings import Settings

_READ_BYTES = 1 << 20


def plan_setup(settings: Settings, state: UsState, *, directory_only: bool = False) -> list[PublicFile]:
    """The files to import: from DEARREP_DATA when it is set, else the official ones. May raise ProviderError."""
    if not settings.data:
        return official_files(state, with_streets=not directory_only)
    files = files_in(settings.data, state)
    if not files:
        raise NotFound(
            "DEARREP_DATA names a place without data files that we know"
            f" (legislators.csv or {state.code.lower()}.csv, house_districts.geojson.gz, public_addresses.csv …)."
        )
    return [file for file in files if not (directory_only and file.kind == "streets")]


def fetch(settings: Settings, place: str, progress: BytesProgress) -> Download:
    """A file on this machine for a path or URL. What was fetched is kept, and fetched again only when it changed."""
    if not is_url(place):
        return Download(Path(place).expanduser(), Arrival.LOCAL)
    name = PublicFile("", place).name or "download"
    fetched = download(place, settings.var / "data" / name, progress=progress)
    check_whole(fetched.path)
    return fetched


def check_whole(path: Path) -> None:
    """Refuses, and removes, a ZIP or gzip file that is damaged, so that the next try fetches it again."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip() is not None
        elif path.suffix == ".zip":
            broken = True
        else:
            broken = path.suffix == ".gz" and not _gzip_is_whole(path)
    except (zipfile.BadZipFile, OSError):
        broken = True
    if broken:
        path.unlink(missing_ok=True)
        raise ImportRefused(f"{path.name} arrived damaged and was removed. Run the command again.")


def _gzip_is_whole(path: Path) -> bool:
    try:
        with gzip.open(path) as file:
            while file.read(_READ_BYTES):
                pass
    except (EOFError, gzip.BadGzipFile, OSError):
        return False
    return True


def bring_in(
    engine: Engine, file: PublicFile, path: Path, state: UsState, *, who: str = "", progress: Progress = no_progress
) -> ImportReport:
    """Imports one fetched file; `who` runs it."""
    code = state.code.lower()
    if file.kind == "legislators":
        return import_legislators(engine, path, code, who=who, progress=progress)
    if file.kind == "districts":
        return import_districts(engine, path, code, chamber=file.chamber, who=who, progress=progress)
    if file.kind == "addresses":
        return import_addresses(engine, path, code, who=who, progress=progress)
    return import_streets(engine, path, code, city=city_of_file(path.name), who=who, progress=progress)


def city_of_file(name: str) -> str:
    """`cambridge_street_ranges.geojson.gz` is of one city, which its features don't name."""
    city, found, _ = name.partition("_street_ranges")
    return city.replace("_", " ").title() if found else ""
