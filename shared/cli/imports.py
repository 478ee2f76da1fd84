"""`dearrep import …`: public data from a file or a URL into the directory."""

from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import Engine

from shared.cli.progress import Shares, show_progress
from shared.cli.stack import open_stack, whoever_runs_this
from shared.domain.places import Chamber
from shared.providers.downloads import Arrival, Download
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.imports.reports import ImportReport
from shared.services.imports.street_fields import read_fields
from shared.services.imports.streets import import_streets
from shared.services.setup import city_of_file, fetch

_LINES_SHOWN = 20
_STATE = click.option("--state", default="ma", show_default=True, help="The state's two letters.")
_PLACE = click.argument("place", metavar="PATH|URL")


@click.group("import")
def import_group() -> None:
    """Import legislators, districts, addresses and streets. Each import is one transaction and can be repeated."""


@import_group.command("legislators")
@_PLACE
@_STATE
def legislators_command(place: str, state: str) -> None:
    """Office holders from Open States' bulk CSV. Who is missing in it is ended today; new people begin today."""
    _run(
        place,
        lambda engine, path, show: import_legislators(engine, path, state, who=whoever_runs_this(), progress=show),
    )


@import_group.command("districts")
@_PLACE
@_STATE
@click.option("--chamber", type=click.Choice([chamber.value for chamber in Chamber]), help="When the file doesn't say.")
def districts_command(place: str, state: str, chamber: str | None) -> None:
    """District shapes of one chamber: GeoJSON, plain or gzipped, or a zipped shapefile."""
    wanted = Chamber(chamber) if chamber else None
    _run(
        place,
        lambda engine, path, show: import_districts(
            engine, path, state, chamber=wanted, who=whoever_runs_this(), progress=show
        ),
    )


@import_group.command("addresses")
@_PLACE
@_STATE
def addresses_command(place: str, state: str) -> None:
    """Address points: CSV with LON, LAT, NUMBER, STREET, CITY, POSTCODE, or with address, city, zip, lat, lon."""
    _run(
        place, lambda engine, path, show: import_addresses(engine, path, state, who=whoever_runs_this(), progress=show)
    )


@import_group.command("streets")
@_PLACE
@_STATE
@click.option("--city", default="", help="For a file of one city that doesn't name it.")
@click.option(
    "--fields",
    "mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file that names the file's fields, where they are not those of a known kind.",
)
def streets_command(place: str, state: str, city: str, mapping: Path | None) -> None:
    """Streets with ranges of house numbers: Census ADDRFEAT as a zipped shapefile, or GeoJSON."""
    fields = read_fields(mapping) if mapping else None
    _run(
        place,
        lambda engine, path, show: import_streets(
            engine,
            path,
            state,
            city=city or city_of_file(path.name),
            fields=fields,
            who=whoever_runs_this(),
            progress=show,
        ),
    )


def _run(place: str, import_file: Callable[[Engine, Path, Shares], ImportReport]) -> None:
    with open_stack() as stack:
        with show_progress("Fetching") as show:
            fetched = fetch(stack.settings, place, lambda done, total: show(done / total if total else 0))
        print_arrival(fetched)
        with show_progress(f"Importing {fetched.path.name}") as show:
            report = import_file(stack.engine, fetched.path, show)
    print_report(report)


def print_arrival(fetched: Download) -> None:
    """How a file came here, on standard error; nothing for one that was here already."""
    if fetched.arrival is not Arrival.LOCAL:
        click.echo(f"{fetched.path.name}: {fetched.arrival}.", err=True)


def print_report(report: ImportReport) -> None:
    """The counts on standard output, the refused lines on standard error."""
    click.echo(report.in_words())
    for warning in report.warnings:
        click.echo(click.style(f"  LOOK AT THIS: {warning}", bold=True), err=True)
    for line in report.lines[:_LINES_SHOWN]:
        click.echo(f"  {line}", err=True)
    if report.refused > _LINES_SHOWN:
        click.echo(f"  and {report.refused - _LINES_SHOWN} more", err=True)
