"""`dearrep doctor`: one line for each part of the installation, and what to do about it."""

import socket
import sys

import click

from shared.cli.stack import open_stack
from shared.domain.running_words import host_findings
from shared.services.doctor import examine
from shared.services.heartbeat import read_running


@click.command(name="doctor")
@click.option("--part", help="Only what this word begins: workers, broker, queue ...")
@click.option("--here", is_flag=True, help="Check only that this machine's processes run. For health checks.")
def doctor_command(part: str | None, *, here: bool) -> None:
    """Check the installation and say what to do; exit status 1 when something is wrong."""
    with open_stack(migrated=False) as stack:
        if here:
            findings = host_findings(read_running(stack.engine), socket.gethostname())
        else:
            findings = examine(stack.engine, stack.settings, part or "")
    if not findings:
        raise click.UsageError(f"No part is called {part}.")
    for finding in findings:
        click.echo(f"{'ok  ' if finding.is_ok else 'LOOK'}  {finding.name}: {finding.words}")
        if finding.advice:
            click.echo(f"      -> {finding.advice}")
    wrong = sum(not finding.is_ok for finding in findings)
    click.echo("All is well." if not wrong else f"{wrong} to look at.")
    sys.exit(1 if wrong else 0)
