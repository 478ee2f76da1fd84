"""`dearrep campaign rehearse`: the launch rehearsal at a terminal. Exit status 1 when something has to be mended."""

import sys
import threading
import time

import click

from shared.cli.progress import show_progress
from shared.cli.stack import Stack, open_stack
from shared.domain.campaigns import StoredCampaign
from shared.domain.pace import Pace
from shared.domain.pace_words import rate_words
from shared.domain.rehearsal_words import KIND_WORDS, change_words, finding_title, mend_words
from shared.domain.rehearsals import CROWD, Finding, Report
from shared.errors import DearRepError
from shared.services.campaigns import read_campaign
from shared.services.rehearsal import RehearsalPage, ask_rehearsal, read_rehearsals, run_rehearsals

_SHOWN = 5
_LOOK_EVERY_S = 0.2


class RehearsalFailed(DearRepError):
    """The run broke off."""


@click.command("rehearse")
@click.argument("slug")
def rehearse_command(slug: str) -> None:
    """Send the letters of an invented supporter in every district to a test server here, and say what went wrong."""
    with open_stack() as stack:
        ask_rehearsal(stack.engine, None, slug, actor="command")
        page = _run(stack, slug)
        stored = read_campaign(stack.engine, slug)
    if page.report is None or page.latest is None or page.latest.report is None:
        raise RehearsalFailed("The rehearsal broke off. Its cause is in the log. Run: dearrep doctor")
    for line in _lines(stored, page, page.report):
        click.echo(line)
    sys.exit(1 if page.report.serious else 0)


def _run(stack: Stack, slug: str) -> RehearsalPage:
    """A worker of the installation may have taken it up: then it is only watched."""
    worker = threading.Thread(target=run_rehearsals, args=(stack.engine, None, stack.settings), daemon=True)
    worker.start()
    stored = read_campaign(stack.engine, slug)
    with show_progress("Rehearsing") as show:
        while (page := read_rehearsals(stack.engine, stored)).is_running:
            if page.latest is not None and page.latest.total:
                show(page.latest.done / page.latest.total)
            time.sleep(_LOOK_EVERY_S)
        show(1.0)
    worker.join()
    return page


def _lines(stored: StoredCampaign, page: RehearsalPage, report: Report) -> list[str]:
    counts = f"{report.supporters:,} districts, {report.offices:,} offices, {report.letters:,} letters written"
    lines = [f"{counts}, {report.sent:,} arrived, in {report.seconds:g} s."]
    if page.change is not None:
        lines.append(f"Since the last rehearsal: {change_words(page.change.mended, page.change.new)}")
    for heading, findings in (("To mend before you go live:", report.serious), ("Worth a look:", report.others)):
        lines += ["", heading] if findings else []
        for one in findings:
            lines += _finding(stored, one)
    if not report.serious:
        lines += ["", "Ready: every letter was written and arrived."]
    lines += ["", f"If {CROWD:,} people write within an hour:"]
    for line in report.forecast:
        done = f"{line.done_at:%Y-%m-%d %H:%M %Z}" if line.done_at else "as quickly as its server takes them"
        rate = f"at most {rate_words(Pace(rate_per_hour=line.rate_per_hour))}" if line.rate_per_hour else "no limit"
        lines.append(f"  {line.domain}: {line.letters:,} letters, {rate}, the last one leaves: {done}")
    return lines


def _finding(stored: StoredCampaign, finding: Finding) -> list[str]:
    lines = [f"  {finding_title(finding)}. {KIND_WORDS[finding.kind].what}"]
    lines += [f"    {item.label}{f' ({item.detail})' if item.detail else ''}" for item in finding.items[:_SHOWN]]
    lines += [f"    and {len(finding.items) - _SHOWN:,} more"] if len(finding.items) > _SHOWN else []
    return [*lines, f"    → {mend_words(finding, stored.campaign.jurisdiction)}"]
