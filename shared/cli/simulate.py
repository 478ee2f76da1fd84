"""`dearrep simulate`: an action day with planted problems, to the local sink only, and whether its counts add up."""

import smtplib
import statistics
import sys
import threading
import time
from urllib.parse import urlsplit

import click

from shared.cli.stack import Stack, open_stack
from shared.domain.figures import CampaignFigures
from shared.domain.simulations import LATE_AFTER_S, QUICK, SLUG
from shared.domain.states import LetterState
from shared.errors import NotAllowed
from shared.local.simulated_people import Crowd, Write, send_crowd, write_directly, write_over_http
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.previews import renew_preview
from shared.services.simulation import (
    SimulatedDay,
    count_simulation,
    create_simulation,
    live_campaigns,
    read_planted,
    remove_simulation,
)

_MOST_SUPPORTERS, _MOST_MINUTES = 200_000, 120
_LOOK_EVERY_S = 5.0
# After the last supporter came, the rest of the letters may take so long; who was told "later" is not awaited.
_DRAIN_S = 300.0
_RESTLESS = (LetterState.QUEUED, LetterState.SENDING)
_REFUSED_CODE = 550


@click.command(name="simulate")
@click.option("--supporters", type=click.IntRange(1, _MOST_SUPPORTERS), default=20_000, show_default=True)
@click.option("--minutes", type=click.FloatRange(0.05, _MOST_MINUTES), default=10.0, show_default=True)
@click.option("--direct", is_flag=True, help="Through the services instead of the pages.")
@click.option("--url", help="Where the pages are, when it is not the installation's public address.")
@click.option("--yes", is_flag=True, help="Also where a mail relay is set or a real campaign is live.")
@click.option("--clean", is_flag=True, help="Remove the simulated campaign with everything of it.")
def simulate_command(*, supporters: int, minutes: float, direct: bool, url: str | None, yes: bool, clean: bool) -> None:
    """Simulate an action day on this installation. Nothing leaves: the local mailbox plays the mail servers."""
    with open_stack() as stack:
        if clean:
            removed = remove_simulation(stack.engine)
            click.echo("Removed." if removed else "There is no simulated action day.")
            return
        _refuse_where_it_harms(stack, yes=yes)
        day = create_simulation(stack.engine)
        address = f"{stack.settings.public_url}/admin/campaigns/{SLUG}"
        click.echo(f"{supporters:,} supporters in {minutes:g} minutes. Watch it: {address}")
        crowd = Crowd(supporters)
        adds_up = _watch(stack, day, crowd, minutes * 60, direct=direct, url=url or stack.settings.public_url)
        adds_up = _tell(stack, day, crowd) and adds_up
    click.echo("Remove it with: dearrep simulate --clean")
    sys.exit(0 if adds_up else 1)


def _refuse_where_it_harms(stack: Stack, *, yes: bool) -> None:
    """The sink must be the one that plays mail servers, and nobody's real action day may be slowed down unasked."""
    if not is_sink(stack.settings.mailbox_url):
        raise NotAllowed("The local mailbox does not answer as a simulation's mail server. Is `dearrep up` running?")
    if yes:
        return
    if live := live_campaigns(stack.engine):
        raise NotAllowed(f"{', '.join(live)} is live, and a simulation would slow its letters. Add --yes if it may.")
    if stack.settings.relay_configured:
        raise NotAllowed(
            "A mail relay is set here. Letters of the simulation never go to it, but it keeps this server busy."
            " Add --yes if it may."
        )


def is_sink(mailbox_url: str) -> bool:
    """True when the mailbox refuses a simulated address that does not exist, as only our own listener does."""
    parts = urlsplit(mailbox_url)
    try:
        with smtplib.SMTP(parts.hostname or "127.0.0.1", parts.port or 25, timeout=5) as client:
            client.helo("simulation.example")
            client.mail("probe@simulation.example")
            code, _ = client.rcpt(f"gone-probe@{QUICK}")
    except (OSError, smtplib.SMTPException):
        return False
    return code == _REFUSED_CODE


def _watch(stack: Stack, day: SimulatedDay, crowd: Crowd, within_s: float, *, direct: bool, url: str) -> bool:
    """Runs the crowd and prints a line every few seconds; True when the counts added up at each of them."""
    settings = stack.settings
    preview = renew_preview(stack.engine, SLUG, actor="dearrep simulate")

    def make_write() -> Write:
        if direct:
            ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
            return write_directly(stack.engine, ring, settings)
        return write_over_http(url, preview)

    began, ended, adds_up = time.monotonic(), 0.0, True
    people = threading.Thread(target=send_crowd, args=(crowd, day.homes, within_s, make_write), daemon=True)
    people.start()
    ends = began + within_s + _DRAIN_S
    try:
        while time.monotonic() < ends:
            people.join(_LOOK_EVERY_S)
            figures = count_simulation(stack.engine, day)
            adds_up = adds_up and figures.imbalance == 0
            click.echo(_line(time.monotonic() - began, crowd, figures))
            if not people.is_alive():
                ended = ended or time.monotonic()
                # What comes back late is a part of the day.
                if _is_calm(figures) and time.monotonic() > ended + LATE_AFTER_S + _LOOK_EVERY_S:
                    break
                time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        click.echo("Stopping ...")
    finally:
        crowd.stopping.set()
        people.join(_LOOK_EVERY_S)
    return adds_up


def _is_calm(figures: CampaignFigures) -> bool:
    return not figures.looking_up and not any(figures.by_state.get(state, 0) for state in _RESTLESS)


def _line(seconds: float, crowd: Crowd, figures: CampaignFigures) -> str:
    states = ", ".join(f"{state} {number:,}" for state, number in sorted(figures.by_state.items()))
    sums = "counts add up" if figures.imbalance == 0 else f"COUNTS ARE OFF BY {figures.imbalance}"
    behind = f", {crowd.late_s:.0f} s behind" if crowd.late_s > 1 else ""
    return f"{seconds:4.0f} s  {crowd.told:,} of {crowd.total:,} wrote{behind}; {states or 'no letter yet'}; {sums}"


def _tell(stack: Stack, day: SimulatedDay, crowd: Crowd) -> bool:
    """The end: sums, and what needs attention has to name. True when all is as it should be."""
    figures = count_simulation(stack.engine, day)
    kept = figures.people >= crowd.told and figures.imbalance == 0 and not figures.looking_up
    click.echo("")
    click.echo(f"{crowd.told:,} people were told that their letters are on the way; {figures.people:,} are recorded.")
    click.echo(f"{figures.expected:,} letters were promised; {figures.letters:,} are there.")
    if crowd.failed:
        click.echo(f"{crowd.failed:,} people could not send. The last one: {crowd.last_failure}")
    if len(crowd.seconds) > 1:
        p50, p95 = statistics.median(crowd.seconds), statistics.quantiles(crowd.seconds, n=20)[-1]
        click.echo(f"From address to Send: half within {p50:.2f} s, 95 of 100 within {p95:.2f} s.")
    click.echo("Counts add up." if kept else "COUNTS DO NOT ADD UP.")
    click.echo("\nPlanted problems, which needs-attention has to name:")
    for one in read_planted(stack.engine, day):
        states = ", ".join(f"{number:,} {words}" for words, number in sorted(one.letters.items()))
        click.echo(f"  {'seen    ' if one.is_seen else 'NOT SEEN'} {one.words}: {states or 'no letter'}")
    return kept
