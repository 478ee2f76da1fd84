"""`dearrep delivery …`: pause and release for everything at once, and the pace of each receiving domain."""

import click

from shared.cli.relay import pause_lines, relay, try_now_command
from shared.cli.stack import open_stack, say_if_stopped
from shared.db.domains import DomainLine
from shared.db.installation import Switches
from shared.domain.pace_words import (
    break_words,
    empty_words,
    new_domain_words,
    rate_words,
    said_words,
    trial_words,
    utc_words,
)
from shared.errors import NotAllowed
from shared.services.delivery.domains import list_domains, set_rate
from shared.services.delivery.restored import HoldReport, accept_database, hold_everything, report_hold
from shared.services.delivery.switches import pause_everything, read_switches

_ACTOR = "command"


@click.group(name="delivery")
def delivery_group() -> None:
    """Pause, resume and release all letters; say how fast a domain gets them."""


delivery_group.add_command(relay)
delivery_group.add_command(try_now_command)


@delivery_group.command("status")
def status() -> None:
    """Show what keeps letters from leaving, and which letters may have left before a restore."""
    with open_stack() as stack:
        switches, report = read_switches(stack.engine), report_hold(stack.engine)
        lines = [*_lines(switches), *report.lines, *pause_lines(stack.engine, stack.settings)]
        lines += [_kept_back_line(one) for one in list_domains(stack.engine, stack.settings) if _is_kept_back(one)]
        say_if_stopped(stack)
    leaves = ["Letters leave when they are due."] if stack.running.has_worker else ["Nothing is paused or held."]
    for line in lines or leaves:
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
        say_if_stopped(stack)
    click.echo("No longer paused.")
    for line in _lines(switches):
        click.echo(line)


@delivery_group.command("hold")
@click.option("--reason", required=True, help="Shown on every page of the dashboard until you release.")
def hold(reason: str) -> None:
    """Hold all mail until you release it. Use this for a restore that workers can't notice."""
    with open_stack() as stack:
        hold_everything(stack.engine, reason, actor=_ACTOR)
    click.echo("Everything is held. To end the hold: dearrep delivery release")


@delivery_group.command("release")
@click.option("--all", "all_letters", is_flag=True, help="Also letters that may have left before a restore.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def release(*, all_letters: bool, yes: bool) -> None:
    """End a hold and send mail from this database.

    Letters that are known to have left become “sent”. Letters that may have left stay on hold, for organizers to
    release or cancel, unless you add --all.
    """
    with open_stack() as stack:
        switches, report = read_switches(stack.engine), report_hold(stack.engine)
        if not switches.hold_reason:
            raise NotAllowed("Nothing is held.")
        for line in (_hold_line(switches), *report.lines, _consequence(report, all_letters=all_letters)):
            click.echo(line)
        if not yes and not click.confirm("Send mail from this database?"):
            raise NotAllowed("Nothing was changed.")
        accept_database(stack.engine, actor=_ACTOR, let_doubtful_leave=all_letters)
        say_if_stopped(stack)
    click.echo("Released.")
    if switches.is_paused:
        click.echo("Everything is still paused. Go on: dearrep delivery resume")


@delivery_group.command("pace")
@click.argument("domain", required=False)
@click.argument("rate", required=False, type=click.IntRange(min=1))
@click.option("--none", "no_limit", is_flag=True, help="No limit of ours: as fast as the server takes them.")
def pace(domain: str | None, rate: int | None, *, no_limit: bool) -> None:
    """Let DOMAIN have at most RATE letters an hour. Alone: list the domains, what waits for them and for how long."""
    if no_limit and (rate is not None or domain is None):
        raise click.UsageError("--none stands in the place of a rate: dearrep delivery pace DOMAIN --none")
    if domain is not None and rate is None and not no_limit:
        raise click.UsageError("How many letters an hour? A number, or --none.")
    with open_stack() as stack:
        say_if_stopped(stack)
        if domain is not None:
            domain = set_rate(stack.engine, domain, rate, actor=_ACTOR)
        lines = [one for one in list_domains(stack.engine, stack.settings) if domain in (None, one.receiving_domain)]
        paused = pause_lines(stack.engine, stack.settings)
    for words in paused:
        click.echo(words)
    for line in lines:
        click.echo(_domain_line(line))
    if not lines:
        click.echo("No letter waits for any domain." if domain is None else f"{domain}: no limit, and none waits.")


def _domain_line(line: DomainLine) -> str:
    parts = [f"{line.waiting} waiting", rate_words(line.pace), f"{line.pace.connections} connections"]
    if line.open_until is not None:
        parts.append(f"paused until {utc_words(line.open_until)}: {break_words(line.open_cause)}")
    parts += [
        words for words in (trial_words(line.pace), said_words(line.open_reply), new_domain_words(line.pace)) if words
    ]
    until = utc_words(line.open_until) if line.open_until else ""
    return f"{line.receiving_domain} ({line.transport})\t" + "\t".join(
        [*parts, f"empty: {empty_words(line.pace, line.waiting, until)}"]
    )


def _is_kept_back(line: DomainLine) -> bool:
    """Do letters wait for something of the domain's own: a rest, a trial, or more than a new domain gets?"""
    allowance = line.pace.allowance
    has_enough = allowance is None or (not line.pace.trial and line.waiting <= allowance)
    return line.waiting > 0 and (line.is_resting or not has_enough)


def _kept_back_line(line: DomainLine) -> str:
    domain, trial = line.receiving_domain, trial_words(line.pace)
    if line.open_until and line.is_resting:
        then = f"Then it gets a {trial}." if trial else ""
        sentences = [f"{domain} is paused until {utc_words(line.open_until)}.", break_words(line.open_cause), then]
    elif trial:
        sentences = [f"{domain} gets a {trial}, twice as many if its server takes them."]
    else:
        sentences = [f"{domain}:", new_domain_words(line.pace)]
    sentences += [said_words(line.open_reply), f"Now: dearrep delivery try-now {domain}"]
    return " ".join(words for words in sentences if words)


def _lines(switches: Switches) -> list[str]:
    lines = [f"{_hold_line(switches)} Decide: dearrep delivery release"] if switches.hold_reason else []
    return [*lines, "Everything is paused. Go on: dearrep delivery resume"] if switches.is_paused else lines


def _hold_line(switches: Switches) -> str:
    since = f" since {switches.held_at:%Y-%m-%d %H:%M} UTC" if switches.held_at else ""
    backup = f" The backup was made at about {switches.backup_at:%Y-%m-%d %H:%M} UTC." if switches.backup_at else ""
    return f"Everything is held{since}: {switches.hold_reason}{backup}"


def _consequence(report: HoldReport, *, all_letters: bool) -> str:
    doubtful = report.waiting - report.known
    if all_letters:
        return f"{doubtful:,} letters that may have left will leave. An office that already has one gets it twice."
    return (
        f"{doubtful:,} letters that may have left stay on hold, so that none goes out twice."
        " To let them leave: dearrep delivery release --all"
    )
