"""`dearrep delivery …`: pauses and resumes everything, and releases what is held after a backup was restored."""

import click

from shared.cli.stack import open_stack
from shared.db.installation import Switches
from shared.errors import NotAllowed
from shared.services.delivery.recover import accept_database
from shared.services.delivery.switches import pause_everything, read_switches

_ACTOR = "command"


@click.group(name="delivery")
def delivery_group() -> None:
    """Pause, resume and release all letters at once."""


@delivery_group.command("status")
def status() -> None:
    """Say whether anything keeps letters from leaving."""
    with open_stack() as stack:
        switches = read_switches(stack.engine)
    for line in _lines(switches) or ["Letters leave when they are due."]:
        click.echo(line)


@delivery_group.command("pause")
def pause() -> None:
    """Let nothing leave, of no campaign. New letters are accepted and kept."""
    with open_stack() as stack:
        pause_everything(stack.engine, paused=True, actor=_ACTOR)
    click.echo("Everything is paused. Go on: dearrep delivery resume")


@delivery_group.command("resume")
def resume() -> None:
    """Let letters leave again after `pause`."""
    with open_stack() as stack:
        pause_everything(stack.engine, paused=False, actor=_ACTOR)
        switches = read_switches(stack.engine)
    click.echo("No longer paused.")
    for line in _lines(switches):
        click.echo(line)


@delivery_group.command("release")
@click.option("--yes", is_flag=True, help="Do not ask.")
def release(*, yes: bool) -> None:
    """Let letters leave that are held, after you have made sure that none of them was sent before."""
    with open_stack() as stack:
        switches = read_switches(stack.engine)
        if not switches.hold_reason:
            raise NotAllowed("Nothing is held.")
        click.echo(_hold_line(switches))
        click.echo("Letters that were sent after a backup wait in it again, and would go out twice.")
        if not yes and not click.confirm("Go on from this database, and let all waiting letters leave?"):
            raise NotAllowed("Nothing was changed.")
        accept_database(stack.engine, actor=_ACTOR)
    click.echo("Released.")
    if switches.is_paused:
        click.echo("Everything is still paused. Go on: dearrep delivery resume")


def _lines(switches: Switches) -> list[str]:
    lines = [f"{_hold_line(switches)} Decide: dearrep delivery release"] if switches.hold_reason else []
    return [*lines, "Everything is paused. Go on: dearrep delivery resume"] if switches.is_paused else lines


def _hold_line(switches: Switches) -> str:
    since = f" since {switches.held_at:%Y-%m-%d %H:%M} UTC" if switches.held_at else ""
    return f"Everything is held{since}: {switches.hold_reason}"
