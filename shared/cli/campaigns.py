"""`dearrep campaign …`: campaigns from files, to files, and their state."""

from dataclasses import replace
from pathlib import Path

import click

from shared.cli.import_campaign import import_command
from shared.cli.invite import invite_command
from shared.cli.rehearse import rehearse_command
from shared.cli.stack import Stack, open_stack, say_if_stopped
from shared.domain.campaigns import StoredCampaign
from shared.domain.draft_marks import draft_mark
from shared.domain.running_words import place_words
from shared.domain.states import CampaignState
from shared.errors import NotAllowed
from shared.services.campaign_logos import read_logo
from shared.services.campaigns import change_campaign_state, export_campaign, read_campaign, require_arrow
from shared.services.campaigns import list_campaigns as read_campaigns
from shared.services.editor.drafts import read_editing
from shared.services.editor.publishing import list_points
from shared.services.pictures.health import Lack, what_is_lacking


@click.group()
def campaign() -> None:
    """Import, export, publish and list campaigns."""


campaign.add_command(import_command)
campaign.add_command(invite_command)
campaign.add_command(rehearse_command)


@campaign.command("export")
@click.argument("slug")
@click.option("--to", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Write files here.")
def export_file(slug: str, folder: Path | None) -> None:
    """Write the campaign SLUG to standard output; with --to as SLUG.md into a folder, its logo beside it."""
    with open_stack() as stack:
        text, logo = export_campaign(stack.engine, slug), read_campaign(stack.engine, slug).campaign.logo
        picture = read_logo(stack.engine, slug).image if logo else b""
    if folder is None:
        click.echo(text, nl=False)
        if logo:
            click.echo(f"Its logo {logo.file} is not in this text: --to FOLDER writes both.", err=True)
        return
    (folder / f"{slug}.md").write_text(text, encoding="utf-8")
    click.echo(folder / f"{slug}.md")
    if logo:
        (folder / logo.file).write_bytes(picture)
        click.echo(folder / logo.file)


@campaign.command("list")
def list_all() -> None:
    """Show every campaign with its state."""
    with open_stack() as stack:
        found = read_campaigns(stack.engine)
    for stored in found:
        click.echo(f"{stored.campaign.slug}\t{stored.state}\t{stored.campaign.title}")
    if not found:
        click.echo("No campaigns yet. Import one: dearrep campaign import FILE")


@campaign.command("publish")
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def publish(slug: str, *, yes: bool) -> None:
    """Switch the campaign SLUG live: from now on its letters go to real offices through the mail relay."""
    with open_stack() as stack:
        stored = read_campaign(stack.engine, slug)
        require_arrow(stored, CampaignState.LIVE)
        say_if_stopped(stack)
        for line in (*_still_wanted(stack, slug), *_where_letters_go(stack, stored)):
            click.echo(line, err=True)
        mark = draft_mark(stored.campaign)
        if not yes and not click.confirm("Go live?"):
            raise NotAllowed("Nothing was changed.")
        change_campaign_state(stack.engine, slug, CampaignState.LIVE, actor="command", mark=mark)
    click.echo(f"{slug} is live.")


def _where_letters_go(stack: Stack, stored: StoredCampaign) -> list[str]:
    if not stack.settings.relay_configured:
        lines = ["No mail relay is set (DEARREP_MAIL_RELAY_URL or console): letters will stay in the local mailbox."]
    else:
        lines = [f"The mail relay is {place_words(stack.settings.mail_relay_url)}."]
    lack = what_is_lacking(stack.engine, stack.settings, stored)
    if lack is Lack.OFFICES:
        lines.append("Only practice offices are loaded: letters will stay in the local mailbox. Run: dearrep setup ma")
    return lines if lack else [*lines, f"Letters of {stored.campaign.slug} will go to real legislators."]


def _still_wanted(stack: Stack, slug: str) -> list[str]:
    """What the publish list misses in the published text. It stops the console's button, and not this command."""
    editing = read_editing(stack.engine, slug)
    published = replace(editing, campaign=editing.stored.campaign)
    points = list_points(stack.engine, stack.settings, published)
    missing = [f"  {point.name}: {point.words}" for point in points if point.is_must and not point.is_ok]
    unpublished = ["Changes in the editor that are not published stay unpublished."] if editing.changed else []
    return [*(["The publish list is not complete:", *missing] if missing else []), *unpublished]


@campaign.command("pause")
@click.argument("slug")
def pause(slug: str) -> None:
    """Keep new letters of SLUG and send none until it is published again."""
    _move(slug, CampaignState.PAUSED, "Letters are accepted and kept.")


@campaign.command("close")
@click.argument("slug")
def close(slug: str) -> None:
    """End the campaign SLUG: no new letters; accepted ones still go out."""
    _move(slug, CampaignState.CLOSED, "Accepted letters still go out.")


def _move(slug: str, state: CampaignState, words: str) -> None:
    with open_stack() as stack:
        change_campaign_state(stack.engine, slug, state, actor="command")
        say_if_stopped(stack)
    click.echo(f"{slug} is {state}. {words}")
