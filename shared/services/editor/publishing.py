"""Before a campaign goes live: the list that must be green, and every version as a test to the organizer."""

from dataclasses import replace

import structlog
from sqlalchemy import Engine

from shared.clock import now
from shared.domain.draft_marks import draft_mark, require_marked
from shared.domain.identities import new_token
from shared.domain.publish_list import Facts, Point, SenderFacts, is_green, publish_list, text_problems
from shared.domain.states import CampaignState
from shared.domain.transport import Transport
from shared.errors import NotAllowed
from shared.rendering.letters import render_letter, text_to_html
from shared.rendering.mime import Mail, build_mail, html_document
from shared.services.campaigns import require_arrow
from shared.services.editor.drafts import Editing, note_tested, publish, read_editing
from shared.services.editor.offices import read_offices
from shared.services.editor.preview import SAMPLE_AUTHOR, office_for
from shared.services.outbox import configured_relay
from shared.services.sender_domain import read_check
from shared.services.test_mail import hand_over_tests
from shared.settings import Settings

_LOG = structlog.get_logger()


def list_points(engine: Engine, settings: Settings, editing: Editing) -> list[Point]:
    """Every point of the publish list for the draft."""
    known = read_offices(engine, editing.campaign.jurisdiction)
    check = read_check(engine, settings)
    faults = [one.about for one in check.faults] if check.checked_at else None
    facts = Facts(
        now=now(),
        offices=known.offices,
        has_relay=configured_relay(settings) is not None,
        is_practice=known.is_practice,
        is_tested=editing.is_tested,
        sender=SenderFacts(check.domain, faults, check.accepted_by),
    )
    return publish_list(editing.campaign, facts)


def publish_changes(engine: Engine, settings: Settings, slug: str, *, actor: str, mark: str | None = None) -> None:
    """The draft becomes what supporters read; raises NotAllowed while the list is not green.

    `mark` names the draft that the organizer's page showed. A draft that changed since, or that changes while the list
    is made, is not published.
    """
    editing = read_editing(engine, slug)
    if not editing.changed:
        raise NotAllowed("Nothing is changed since you published last.")
    if editing.stored.state is CampaignState.SCHEDULED:
        _require_day(editing)
    publish(engine, slug, actor=actor, mark=_checked(engine, settings, editing, mark))


def open_campaign(
    engine: Engine, settings: Settings, slug: str, state: CampaignState, *, actor: str, mark: str | None = None
) -> None:
    """Publishes the draft and goes live, or waits for the day it opens; raises NotAllowed while that can't be.

    `mark` is as for `publish_changes`.
    """
    editing = read_editing(engine, slug)
    require_arrow(editing.stored, state)
    if state is CampaignState.SCHEDULED:
        _require_day(editing)
    publish(engine, slug, actor=actor, mark=_checked(engine, settings, editing, mark), state=state)


def send_tests(engine: Engine, settings: Settings, slug: str, recipient: str, *, actor: str) -> tuple[int, Transport]:
    """Every version as an email to this address; how many, and which way they went. Raises NotAllowed."""
    editing = read_editing(engine, slug)
    problems = text_problems(editing.campaign)
    if problems:
        first = problems[0]
        raise NotAllowed(f"No test was sent. {first.where}, line {first.line}: {first.words}")
    messages = _messages(engine, settings, editing, recipient)
    transport = hand_over_tests(engine, settings, editing.stored, messages, recipient)
    note_tested(engine, slug, editing.campaign, actor=actor)
    _LOG.info("campaign.tested", campaign_id=editing.stored.id, letters=len(messages), actor=actor)
    return len(messages), transport


def _checked(engine: Engine, settings: Settings, editing: Editing, mark: str | None) -> str:
    """The mark of the draft that the list is green for; raises NotAllowed when it is not green, or about another."""
    if mark is not None:
        require_marked(mark, editing.campaign)
    _require_green(engine, settings, editing)
    return draft_mark(editing.campaign)


def _require_day(editing: Editing) -> None:
    opens = editing.campaign.opens
    if opens is None or opens <= now():
        raise NotAllowed("Say first when it opens: choose a day that is still to come in the step “Page”.")


def _require_green(engine: Engine, settings: Settings, editing: Editing) -> None:
    points = list_points(engine, settings, editing)
    if not is_green(points):
        missing = [point.name for point in points if point.is_must and not point.is_ok]
        raise NotAllowed(f"Not yet. Still to do: {'; '.join(missing)}.")


def _messages(engine: Engine, settings: Settings, editing: Editing, recipient: str) -> list[bytes]:
    campaign = editing.campaign
    offices = read_offices(engine, campaign.jurisdiction).offices
    messages = []
    for turn, version in enumerate(campaign.versions, 1):
        office = office_for(campaign, version, offices)
        letter = render_letter(replace(campaign, versions=(version,), exclusions=()), SAMPLE_AUTHOR, office)
        which = f"[Test {turn} of {len(campaign.versions)}: {version.name}]" if len(campaign.versions) > 1 else "[Test]"
        messages.append(
            build_mail(
                Mail(
                    from_name=f"{SAMPLE_AUTHOR.name} via {campaign.sender_name}",
                    from_address=f"{campaign.slug}@{settings.mail_domain}",
                    to_name="",
                    to_address=recipient,
                    subject=f"{which} {letter.subject}",
                    text=letter.body,
                    html=html_document(text_to_html(letter.body), campaign.language),
                    message_id=f"<test-{new_token()}@{settings.mail_domain}>",
                    date=now(),
                    extra=(("Auto-Submitted", "auto-generated"),),
                )
            )
        )
    return messages
