"""`dearrep campaign invite`: personal links for a list of people, as CSV."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from shared.cli.stack import open_stack
from shared.domain.address_lines import split_line
from shared.domain.places import HomeAddress
from shared.domain.supporter_input import SupporterDetails
from shared.domain.us_states import state_of
from shared.errors import ImportRefused
from shared.services.campaigns import read_campaign
from shared.services.invitations import invite

_NEEDED = ("first_name", "last_name", "email", "street")
_WANTED = "first_name, last_name, email, street, unit, city, zip, in any order; street may hold the whole address"


@click.command("invite")
@click.argument("slug")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="invite", show_default=True, help="Source code that is kept with their letters.")
def invite_command(slug: str, file: Path, source: str) -> None:
    """Print the CSV FILE of people with a personal link for each, which opens the letter filled in.

    A link is as private as a password: send each to its person only. Links end with the campaign.
    """
    with open_stack() as stack, file.open(encoding="utf-8-sig", newline="") as lines:
        us_state = state_of(read_campaign(stack.engine, slug).campaign.jurisdiction).code
        reader = csv.DictReader(lines)
        columns = {name.strip().casefold(): name for name in reader.fieldnames or ()}
        if missing := [name for name in _NEEDED if name not in columns]:
            raise ImportRefused(f"{file.name} has no column {', '.join(missing)}. Wanted: {_WANTED}.")
        rows = list(reader)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        given = list(reader.fieldnames or ())
        writer.writerow([*given, "link", "problem"])
        invited = invite(stack.engine, stack.settings, slug, _people(rows, columns, us_state), source=source)
        refused = 0
        for row, one in zip(rows, invited, strict=True):
            writer.writerow([*(row.get(name) or "" for name in given), one.link, one.problem])
            refused += not one.link
    click.echo(f"{len(rows) - refused} links, {refused} refused.", err=True)


def _people(rows: list[dict[str, str]], columns: dict[str, str], us_state: str) -> Iterator[SupporterDetails]:
    for row in rows:
        typed = {name: (row.get(column) or "").strip() for name, column in columns.items()}
        yield SupporterDetails(typed["first_name"], typed["last_name"], typed["email"], _address(typed, us_state))


def _address(typed: dict[str, str], us_state: str) -> HomeAddress:
    street, city, zip_code = typed["street"], typed.get("city", ""), typed.get("zip", "")
    if not city and not zip_code:
        return split_line(street, us_state)
    return HomeAddress(street, city, us_state, zip_code, typed.get("unit", ""))
