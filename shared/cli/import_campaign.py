"""`dearrep campaign import`: a campaign from a file; over one that is there only after showing what would change."""

from pathlib import Path

import click

from shared.cli.stack import Stack, open_stack
from shared.domain.campaigns import StoredCampaign
from shared.domain.colors import palette_of
from shared.domain.states import CampaignState
from shared.errors import CampaignFileError, NotAllowed
from shared.services.campaign_files import names_its_slug
from shared.services.campaign_import import ImportPlan, plan_import, put_text_aside
from shared.services.campaigns import import_campaign

_ACTOR = "import of a file"


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--slug", help="Address of the campaign, /c/SLUG. Default: the file's name.")
@click.option("--title", help="Title, when the file has none.")
@click.option("--host", help="Hosting organization, when the file names none.")
@click.option("--subject", help="Subject of the letter, when the file has none.")
@click.option("--replace", is_flag=True, help="Replace the campaign with the same slug, even if it is live.")
@click.option("--yes", is_flag=True, help="Do not ask before replacing a draft.")
def import_command(file: Path, *, replace: bool, yes: bool, **given: str | None) -> None:
    """Read FILE and store it as a campaign.

    Over a campaign of the same slug it first shows what changes. A draft is replaced after a question, any other
    campaign only with --replace. The state stays, and the text before is kept.
    """
    overrides = {key: value for key, value in given.items() if value}
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CampaignFileError([f"{file.name} is not UTF-8 text (byte {error.start})."]) from error
    try:
        with open_stack() as stack:
            plan = plan_import(stack.engine, text, name=file.name, overrides=overrides, folder=file.parent)
            slug = plan.campaign.slug
            if "slug" not in overrides and not names_its_slug(text):
                click.echo(f"The slug {slug} comes from the file's name. To use another, add --slug.")
            if plan.before is not None and not _replaces(plan, plan.before, replace=replace, yes=yes):
                return
            if plan.before is not None:
                put_text_aside(stack.engine, plan.before, actor=_ACTOR)
            stored = import_campaign(stack.engine, text, name=file.name, overrides=overrides, folder=file.parent)
            _tell(stack, stored, is_replaced=plan.before is not None)
    except CampaignFileError as error:
        raise CampaignFileError([f"{file.name}: {problem}" for problem in error.problems]) from error


def _replaces(plan: ImportPlan, before: StoredCampaign, *, replace: bool, yes: bool) -> bool:
    """Shows the difference; False when there is none, NotAllowed without a person's word."""
    slug = before.campaign.slug
    if not plan.changes:
        click.echo(f"{slug} ({before.state}) already has this text. Nothing was changed.")
        return False
    click.echo(f"{slug} already exists ({before.state}). This would change:")
    for line in (*(f"  {change}" for change in plan.changes), *plan.diff):
        click.echo(line)
    if plan.is_edited:
        click.echo("The editor has changes that are not published. They stay, and replace this text when published.")
    if replace:
        return True
    if before.state is not CampaignState.DRAFT:
        raise NotAllowed(f"Nothing was changed, because {slug} is {before.state}. To replace its text, add --replace.")
    if not yes and not click.confirm("Replace the draft?"):
        raise NotAllowed("Nothing was changed.")
    return True


def _tell(stack: Stack, stored: StoredCampaign, *, is_replaced: bool) -> None:
    slug, color = stored.campaign.slug, stored.campaign.color
    if color and (used := palette_of(color).brand) != color:
        click.echo(f"color: {color} is too light for text. Pages use {used}, the nearest readable shade.")
    click.echo(f"Imported {slug} ({stored.state}). Its page: {stack.settings.public_url}/c/{slug}")
    if is_replaced:
        page = f"{stack.settings.public_url}/admin/campaigns/{slug}/edit/publish"
        click.echo(f"The previous text is kept. To bring it back, open “Earlier texts” on {page}")
