"""`dearrep lookup`: the offices of one address or of a file of addresses, as people or as programs read them."""

import csv
import json
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click

from shared.cli.progress import show_progress
from shared.cli.stack import Stack, open_stack
from shared.domain.address_lines import split_line
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus
from shared.domain.us_states import state_of
from shared.errors import ImportRefused
from shared.services.imports.tables import cell, open_table
from shared.services.lookup import look_up, look_up_many
from shared.services.lookup.explanation import explain

_CHAMBERS = tuple(Chamber)
_ADDED = ("status", "match_type", "source", "precision_m", "edge_m", "lower", "upper", "congress")
_BATCH = 100
_HOLDERS = ("lower_holder", "upper_holder", "lower_email", "upper_email")


@click.command("lookup")
@click.argument("address", required=False)
@click.option("--csv", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Look up every row.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--explain", "explained", is_flag=True, help="Say what was found where, and why.")
@click.option("--no-remote", is_flag=True, help="Ask no outside geocoder.")
@click.option("--state", default="ma", show_default=True, help="The state's two letters.")
def lookup_command(
    address: str | None, file: Path | None, *, as_json: bool, explained: bool, no_remote: bool, state: str
) -> None:
    """Find the offices of ADDRESS, for example "24 Beacon St, Boston, MA 02133", or of a CSV file."""
    if bool(address) == bool(file):
        raise click.UsageError("Give one address, or --csv with a file.")
    with open_stack() as stack:
        if file is not None:
            _look_up_file(stack, file, state, remote=not no_remote)
            return
        typed = split_line(address or "", state_of(state).code)
        result = look_up(stack.engine, stack.settings, state, _CHAMBERS, typed, remote=not no_remote)
    if explained:
        click.echo("\n".join(explain(typed, result, state)))
    elif as_json:
        click.echo(json.dumps(as_dict(result), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_in_words(result)))


def as_dict(result: LookupResult) -> dict[str, object]:
    """The answer in the form that programs read. `vacant` is null where no roster of the chamber is imported."""
    match = result.match
    shown = match and {
        "type": match.type.value,
        "source": match.source,
        "precision_m": match.precision_m,
        "edge_m": match.edge_m,
        "lat": match.lat,
        "lon": match.lon,
    }
    return {
        "status": result.status.value,
        "match": shown,
        "offices": [
            {
                "chamber": office.chamber.value,
                "district": office.district,
                "ocd_id": office.ocd_id,
                "title": office.title,
                "holder": office.holder,
                "email": office.email,
                "vacant": office.vacant if office.is_roster_known else None,
            }
            for office in result.offices
        ],
        "suggestions": list(result.suggestions),
    }


def _in_words(result: LookupResult) -> list[str]:
    lines = [f"{result.status.value}{': ' + result.reason if result.reason else ''}"]
    for office in result.offices:
        holder = "vacant" if office.vacant else f"{office.holder or 'holder not known'} {office.email}".strip()
        lines.append(f"  {office.title}, {office.district}: {holder}")
    return lines + [f"  Did you mean {line}?" for line in result.suggestions]


def _look_up_file(stack: Stack, file: Path, state: str, *, remote: bool) -> None:
    """Writes the input's columns and the answers to standard output, a summary with the rate to standard error."""
    code = state_of(state).code
    writer = csv.writer(sys.stdout, lineterminator="\n")
    counts: Counter[LookupStatus] = Counter()
    started = time.monotonic()
    with show_progress("Looking up") as show, open_table(file, show) as table:
        columns = {name: table.column(name) for name in _INPUT}
        if columns["address"] < 0:
            raise ImportRefused(f"{file.name} has no column “address”. Wanted: {', '.join(_INPUT)}, in any order.")
        writer.writerow([*table.header, *_ADDED, *_HOLDERS])
        rows = table.rows()
        while batch := list(islice(rows, _BATCH)):
            typed = [_typed({name: cell(row, at) for name, at in columns.items()}, code) for _, row in batch]
            results = look_up_many(stack.engine, stack.settings, state, _CHAMBERS, typed, remote=remote)
            for (_, row), result in zip(batch, results, strict=True):
                counts[result.status] += 1
                writer.writerow([*_as_wide_as(row, table.header), *_cells(result)])
    click.echo(_summary(counts, time.monotonic() - started), err=True)


def _summary(counts: Counter[LookupStatus], seconds: float) -> str:
    by_status = ", ".join(f"{count} {status.value}" for status, count in counts.most_common())
    rate = counts.total() / max(seconds, 1e-9)
    return f"{counts.total()} addresses in {seconds:.1f} s ({rate:.0f} a second): {by_status or 'no rows'}"


def _as_wide_as(row: list[str], header: list[str]) -> list[str]:
    """The row's cells under the headings, whatever it lacks or has too many."""
    return [*row, *[""] * (len(header) - len(row))][: len(header)]


def _typed(get: dict[str, str], state: str) -> HomeAddress:
    """The cells as an address; a whole one in the first of them is taken apart."""
    if get["city"] or get["zip"]:
        return HomeAddress(get["address"], get["city"], get["state"] or state, get["zip"], get["unit"])
    whole = split_line(get["address"], get["state"] or state)
    return replace(whole, unit=get["unit"] or whole.unit)


_INPUT = ("address", "unit", "city", "state", "zip")


def _cells(result: LookupResult) -> list[object]:
    match = result.match
    seats = {chamber: [o for o in result.offices if o.chamber is chamber] for chamber in _CHAMBERS}
    districts = ["|".join(dict.fromkeys(office.district for office in seats[chamber])) for chamber in _CHAMBERS]
    holders = ["|".join(office.holder for office in seats[c]) for c in (Chamber.LOWER, Chamber.UPPER)]
    emails = ["|".join(office.email for office in seats[c]) for c in (Chamber.LOWER, Chamber.UPPER)]
    found: list[object] = ["", "", "", ""]
    if match is not None:
        found = [match.type.value, match.source, match.precision_m, "" if match.edge_m is None else match.edge_m]
    return [result.status.value, *found, *districts, *holders, *emails]
