"""`dearrep setup STATE`: downloads a state's public data and imports it. Safe to stop and to run again."""

import click
from sqlalchemy import Engine

from shared.cli.imports import print_arrival, print_report
from shared.cli.progress import show_progress
from shared.cli.stack import open_stack, whoever_runs_this
from shared.domain.us_states import UsState, state_of
from shared.errors import DearRepError, ImportRefused, ProviderError, Retryable
from shared.providers.public_data import PublicFile
from shared.services.lookup import has_real_directory
from shared.services.setup import bring_in, fetch, plan_setup
from shared.settings import Settings

_NAMES_SHOWN = 5


class SetupIncomplete(DearRepError):
    """Some files could not be brought in; the others are."""


@click.command("setup")
@click.argument("state")
@click.option("--directory-only", is_flag=True, help="Legislators and districts, without the large street files.")
def setup_command(state: str, *, directory_only: bool) -> None:
    """Download and import the public data of STATE, for example `ma`. DEARREP_DATA names another place for it."""
    us_state = state_of(state)
    with open_stack() as stack:
        files, failed = _plan(stack.settings, us_state, directory_only=directory_only)
        failed += _bring_all(stack.engine, stack.settings, files, us_state)
        with stack.engine.connect() as connection:
            is_real = has_real_directory(connection, us_state.code)
    if failed:
        names = ", ".join(failed[:_NAMES_SHOWN]) + (" …" if len(failed) > _NAMES_SHOWN else "")
        raise SetupIncomplete(f"Missing: {names}. Run the command again: a broken download goes on where it stopped.")
    click.echo(
        f"{us_state.name} is ready: addresses lead to real legislators."
        if is_real
        else f"{us_state.name}'s legislators are in. Until addresses or streets are, practice offices are used."
    )


def _plan(settings: Settings, state: UsState, *, directory_only: bool) -> tuple[list[PublicFile], list[str]]:
    """The files to bring in, and what can't even be listed now."""
    try:
        return plan_setup(settings, state, directory_only=directory_only), []
    except ProviderError as error:
        click.echo(f"Street files: {error}", err=True)
        return plan_setup(settings, state, directory_only=True), ["the street files"]


def _bring_all(engine: Engine, settings: Settings, files: list[PublicFile], state: UsState) -> list[str]:
    """Brings in what can be, and names the rest. A server that doesn't answer is not waited for file by file."""
    failed: list[str] = []
    silent: set[str] = set()
    for file in files:
        try:
            if file.server in silent:
                raise Retryable(f"{file.server} did not answer for an earlier file.")
            _bring(engine, settings, file, state)
        except (ProviderError, ImportRefused) as error:
            click.echo(f"{file.name}: {error}", err=True)
            failed.append(file.name)
            if isinstance(error, Retryable) and file.server:
                silent.add(file.server)
    return failed


def _bring(engine: Engine, settings: Settings, file: PublicFile, state: UsState) -> None:
    with show_progress(f"Fetching {file.name}") as show:
        fetched = fetch(settings, file.place, lambda done, total: show(done / total if total else 0))
    print_arrival(fetched)
    with show_progress(f"Importing {file.name}") as show:
        report = bring_in(engine, file, fetched.path, state, who=whoever_runs_this(), progress=show)
    print_report(report)
