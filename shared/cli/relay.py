"""`dearrep delivery relay` and `try-now`: the mail server itself, its limits, and the end of a rest."""

from collections.abc import Sequence

import click
from sqlalchemy import Engine

from shared.cli.stack import Stack, open_stack
from shared.domain.pace_words import utc_words
from shared.domain.relay_state import MOST_MAX_CONNECTIONS, Breaker, RelayState
from shared.domain.relay_words import (
    breaker_words,
    connection_words,
    pause_words,
    probe_words,
    relay_rate_words,
    server_words,
)
from shared.errors import NotAllowed
from shared.services.delivery.domains import try_now
from shared.services.delivery.mail_servers import read_relay_limits, read_servers, set_limits, try_server_now
from shared.settings import Settings

_ACTOR = "command"


def pause_lines(engine: Engine, settings: Settings) -> list[str]:
    """A line for each mail server that is paused, with what happens next."""
    paused = [state for state in read_servers(engine, settings) if state.is_paused]
    return [f"{pause_words(state, utc_words)} {probe_words(state)} Now: dearrep delivery try-now" for state in paused]


@click.command("relay")
@click.option("--max-connections", type=click.IntRange(1, MOST_MAX_CONNECTIONS), help="At a time, over all hosts.")
@click.option("--rate", type=click.IntRange(min=1), help="Emails an hour at most.")
@click.option("--none", "no_limit", is_flag=True, help="No rate limit: as fast as the relay takes them.")
def relay(max_connections: int | None, rate: int | None, *, no_limit: bool) -> None:
    """Show the state of the mail relay and its limits on connections and emails per hour. Options change the limits."""
    if no_limit and rate is not None:
        raise click.UsageError("Use --rate or --none.")
    with open_stack() as stack:
        if max_connections is not None or rate is not None or no_limit:
            known = read_relay_limits(stack.engine, stack.settings)
            set_limits(
                stack.engine,
                stack.settings,
                max_connections=max_connections or known.max_connections,
                rate_per_hour=None if no_limit else rate or known.rate_per_hour,
                actor=_ACTOR,
            )
        state = read_relay_limits(stack.engine, stack.settings)
        servers = read_servers(stack.engine, stack.settings)
    if state.server not in {one.server for one in servers}:
        click.echo("No mail relay is configured. Its limits:")
    click.echo(_server_line(state))


@click.command("try-now")
@click.argument("domain", required=False)
def try_now_command(domain: str | None) -> None:
    """Probe the mail relay now instead of at the end of its pause; with DOMAIN, send to that receiving domain again."""
    with open_stack() as stack:
        if domain is not None:
            try_now(stack.engine, domain, actor=_ACTOR)
            click.echo(f"{domain} gets letters again within seconds.")
            for line in pause_lines(stack.engine, stack.settings):
                click.echo(line)
        else:
            for state in _end_rests(stack):
                name = server_words(state.server)
                click.echo(f"The next email probes the {name}, within seconds. If it fails, the next pause is longer.")


def _end_rests(stack: Stack) -> Sequence[RelayState]:
    resting = [state for state in read_servers(stack.engine, stack.settings) if state.breaker is Breaker.OPEN]
    if not resting:
        raise NotAllowed("There is no pause to end.")
    for state in resting:
        try_server_now(stack.engine, state.server, actor=_ACTOR)
    return resting


def _server_line(state: RelayState) -> str:
    return (
        f"{server_words(state.server)}: {breaker_words(state, utc_words)}, {connection_words(state)},"
        f" {relay_rate_words(state.rate_per_hour)}"
    )
