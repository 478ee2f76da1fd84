"""A draft's letters as an office would read them: as any legislator, with the longest name, for a vacant seat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from shared.domain.campaigns import Campaign
from shared.domain.letter_versions import LetterVersion
from shared.domain.places import Chamber, Office
from shared.domain.publish_list import TextProblem, text_problems
from shared.rendering.letters import Author, preview_letter

LONGEST, VACANT = "longest", "vacant"
SAMPLE_AUTHOR = Author(
    "Jamie Rivera",
    "jamie@example.org",
    "12 Maple Street, Worcester, MA 01603",
    "My sister works there, and I have seen what it means to her.",
)


@dataclass(frozen=True)
class LetterSample:
    """What the preview shows. Without an office there is nobody to write to; `note` says what happens then."""

    office: Office | None
    version: str
    sender: str
    subject: str
    html: Markup
    note: str
    problems: tuple[TextProblem, ...]


def choose_office(offices: Sequence[Office], wanted: str) -> Office | None:
    """The office of this id, or for `longest` and `vacant` one like that; the first one for anything else."""
    if not offices:
        return None
    if wanted == LONGEST:
        return max(offices, key=lambda office: len(f"{office.title} {office.holder} {office.district}"))
    if wanted == VACANT:
        empty = next((office for office in offices if office.vacant), None)
        return empty or replace(offices[0], holder_id=None, holder="", email="", party="")
    return next((office for office in offices if str(office.office_id) == wanted), offices[0])


def sample_letter(
    campaign: Campaign, offices: Sequence[Office], wanted: str, version: LetterVersion | None = None
) -> LetterSample:
    """The letter to that office; `version` shows this wording whomever it is for. Never raises for unknown fields."""
    office = choose_office([one for one in offices if one.chamber in campaign.chambers], wanted)
    problems = tuple(text_problems(campaign))
    used = version or campaign.version_for_office(office)
    index = next((at for at, one in enumerate(campaign.versions) if one == used), 0)
    mine = tuple(one for one in problems if one.version == index and one.where.startswith(("Subject", "Letter")))
    sender = f"{SAMPLE_AUTHOR.name} via {campaign.sender_name}"
    if mine:
        return LetterSample(office, used.name, sender, used.subject, Markup(), "", mine)
    alone = replace(used, chambers=(), parties=(), offices=(), groups=())
    shown = preview_letter(replace(campaign, versions=(alone,), exclusions=()), SAMPLE_AUTHOR, office)
    return LetterSample(office, used.name, sender, shown.subject, shown.html, _note(campaign, office, used), ())


def office_for(campaign: Campaign, version: LetterVersion, offices: Sequence[Office]) -> Office:
    """An office that gets this version, or any when none does, or a made-up one when none is known."""
    held = [office for office in offices if office.holder and office.chamber in campaign.chambers]
    fitting = (office for office in held if campaign.version_for_office(office) == version)
    made_up = Office(0, Chamber.LOWER, "1st Example District", "", "Representative", 0, "Ana Example")
    return next(fitting, held[0] if held else made_up)


def _note(campaign: Campaign, office: Office | None, used: LetterVersion) -> str:
    if office is None:
        return "No office is known yet, so names are left open."
    reason = campaign.why_left_out(office)
    if reason is not None:
        return f"This office gets no letter. Supporters read: {reason}"
    if office.vacant:
        return "Nobody holds this seat. The letter waits until somebody does, and is then written to them by name."
    meant = campaign.version_for_office(office)
    return f"This office gets “{meant.name}” instead." if meant != used else ""
