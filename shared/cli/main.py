"""`dearrep`, the one command: imports its parts when they are asked for, says every known error in one plain line."""

import importlib
import sys
from typing import NoReturn

import click
import redis
from sqlalchemy.exc import OperationalError

from shared.errors import DearRepError

# name: (module, attribute, what `dearrep --help` says)
_COMMANDS = {
    "up": ("shared.cli.up", "up_command", "Start everything on this machine."),
    "doctor": ("shared.cli.doctor", "doctor_command", "Check the installation and say what to do."),
    "setup": ("shared.cli.setup", "setup_command", "Download and import a state's public data."),
    "campaign": ("shared.cli.campaigns", "campaign", "Import, export and publish campaigns."),
    "import": ("shared.cli.imports", "import_group", "Import legislators, districts and addresses from files."),
    "lookup": ("shared.cli.lookup", "lookup_command", "Find the legislators of one address."),
    "delivery": ("shared.cli.delivery", "delivery_group", "Pause and release all letters; the pace per domain."),
    "simulate": ("shared.cli.simulate", "simulate_command", "Simulate an action day; nothing leaves."),
    "office": ("shared.cli.office", "office_group", "Correct the addresses of offices."),
    "inbox": ("shared.cli.inbox", "inbox_group", "Take in bounces and answers from a maildir."),
    "privacy": ("shared.cli.privacy", "privacy_group", "Delete what is known about a supporter."),
    "organizer": ("shared.cli.organizer", "organizer_group", "Let organizers in."),
    "key": ("shared.cli.key", "key_group", "Accept a new secret key when the old one is lost."),
    "db": ("shared.cli.database", "database_group", "Look after the database."),
}


class Commands(click.Group):
    """The subcommands, each imported when it is used, so that a start stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order that a person meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command from its module."""
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for `--help`, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in _COMMANDS.items()])


@click.command(cls=Commands)
def dearrep() -> None:
    """Dear Rep: letters from supporters to their own legislators.

    Every command uses the servers that the environment names, or the ones that `dearrep up` runs,
    or starts those for as long as it needs them.
    """


def main() -> NoReturn:
    """Runs the command; known errors become one line and exit status 1."""
    try:
        dearrep(prog_name="dearrep", standalone_mode=True)
    except DearRepError as error:
        _fail(str(error))
    except OperationalError:
        _fail("The database does not answer or refuses. Check DATABASE_URL, then run: dearrep doctor")
    except redis.ConnectionError:
        _fail("The message broker does not answer. Check REDIS_URL, then run: dearrep doctor")
    sys.exit(0)


def _fail(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
