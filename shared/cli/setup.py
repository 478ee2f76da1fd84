"""`dearrep setup STATE`: downloads a state's public data and imports it. Safe to stop and to run again."""

import click
from sqlalchemy import Engine

from shared.cli.imports import print_report
from shared.cli.progress import show_progress
from shared.cli.stack import open_stack
from shared.domain.us_states import UsState, state_of
from shared.errors import DearRepError, ImportRefused, ProviderError
from shared.providers.public_data import PublicFile
from shared.services.lookup import has_real_directory
from shared.services.setup import bring_in, fetch, plan_setup
from shared.settings import Settings


class SetupIncomplete(DearRepError):
    """Some files could not be brought in; the others are."""


@click.command("setup")
@click.argument("state")
@click.option("--directory-only", is_flag=True, help="Legislators and districts, without the large street files.")
def setup_command(state: str, *, directory_only: bool) -> None:
    """Download and import the public data of STATE, for example `ma`. DEARREP_DATA names another place for it."""
    us_state = state_of(state)
    with open_stack() as stack:
        files = plan_setup(stack.settings, us_state, directory_only=directory_only)
        failed = [file.name for file in files if not _bring(stack.engine, stack.settings, file, us_state)]
        with stack.engine.connect() as connection:
            is_real = has_real_directory(connection, us_state.code)
    if failed:
        raise SetupIncomplete(
            f"{len(failed)} of {len(files)} files are missing: {', '.join(failed[:5])}. Run the command again;"
            " what has arrived is not fetched twice."
        )
    click.echo(
        f"{us_state.name} is ready: addresses lead to real legislators."
        if is_real
        else f"{us_state.name}'s legislators are in. Until addresses or streets are, practice offices are used."
    )


def _bring(engine: Engine, settings: Settings, file: PublicFile, state: UsState) -> bool:
    try:
        with show_progress(f"Fetching {file.name}") as show:
            path = fetch(settings, file.place, lambda done, total: show(done / total if total else 0))
        with show_progress(f"Importing {file.name}") as show:
            report = bring_in(engine, file, path, state, show)
    except (ProviderError, ImportRefused) as error:
        click.echo(f"{file.name}: {error}", err=True)
        return False
    print_report(report)
    return True
