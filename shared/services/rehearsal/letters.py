"""Makes the rehearsal's letters as the real ones are made, sends them to a sink, and measures what arrives."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from shared.clock import now
from shared.domain.campaigns import StoredCampaign
from shared.domain.letter_words import office_label
from shared.domain.merge_fields import UnfilledField
from shared.domain.places import Office
from shared.domain.rehearsals import (
    LARGEST_MESSAGE,
    LONGEST_LINE,
    LONGEST_SUBJECT_LINE,
    Finding,
    Item,
    Kind,
    VersionUse,
)
from shared.providers.mail_sink import MailSink
from shared.providers.smtp import SmtpSession, Verdict, is_deliverable
from shared.rendering.letters import Author, RenderedLetter, render_letter
from shared.services.delivery.deliver import letter_bytes
from shared.services.rehearsal.supporters import Supporter
from shared.settings import Settings

# As long as names get, so that what is too long is seen before it happens.
_NAME = "Maria Alexandra Worthington-Castellanos"
_EMAIL = "maria.alexandra.worthington@rehearsal.example"
_ADDRESS = "1234 Commonwealth Avenue, Unit 12, {place}, 00000"
_WORDS = "I rehearse this letter, and this sentence stands where a supporter's own words will stand."
_SHOWN_SUBJECT = 120


@dataclass
class Outbox:
    """What was made and sent, and what was wrong with it, by kind and then by office, each office once."""

    letters: int = 0
    sent: int = 0
    problems: defaultdict[Kind, dict[str, Item]] = field(default_factory=lambda: defaultdict(dict))
    versions: defaultdict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    written_to: set[int] = field(default_factory=set)

    def note(self, kind: Kind, office: Office, detail: str = "") -> None:
        """A problem with an office's letter."""
        label = label_of(office)
        self.problems[kind].setdefault(label, Item(label, detail, None if office.is_practice else office.office_id))

    def findings(self) -> Iterable[Finding]:
        """The problems, one finding a kind."""
        return (Finding(kind, tuple(items.values())) for kind, items in self.problems.items())

    def uses(self) -> tuple[VersionUse, ...]:
        """Versions of the letter by how many offices get them."""
        found = [VersionUse(name, len(by), max(by.values(), key=len)) for name, by in self.versions.items()]
        return tuple(sorted(found, key=lambda one: -one.offices))


def label_of(office: Office) -> str:
    """`Representative Pat Doe, 1st Franklin`."""
    label = office_label(office.title, office.holder, office.district)
    return f"{label}, {office.district}" if office.holder else label


def send_all(
    settings: Settings,
    stored: StoredCampaign,
    supporters: tuple[Supporter, ...],
    offices: Mapping[int, Office],
    progress: Callable[[int], None],
) -> Outbox:
    """Every supporter's letters by SMTP to a sink of this process; `progress` is told how many supporters are done."""
    box = Outbox()
    asked = []
    for office in offices.values():
        why = stored.campaign.why_left_out(office)
        if why is None:
            asked.append(office)
        else:
            box.note(Kind.LEFT_OUT, office, why)
    _check_offices(box, asked)
    chosen = {office.office_id for office in asked}
    with MailSink() as sink, SmtpSession(sink.url, "rehearsal.localhost", settings.timing) as session:
        for number, supporter in enumerate(supporters, 1):
            author = Author(_NAME, _EMAIL, _ADDRESS.format(place=supporter.place.partition(": ")[2]), _WORDS)
            for office in (offices[one] for one in supporter.office_ids if one in chosen):
                _write(box, settings, stored, author, office, session, sink)
            progress(number)
    return box


def _check_offices(box: Outbox, offices: Iterable[Office]) -> None:
    addresses = defaultdict(list)
    for office in offices:
        if office.holder_id is None:
            box.note(Kind.NO_HOLDER if office.vacant else Kind.NO_ROSTER, office)
        elif office.is_failing:
            box.note(Kind.FAILING, office)
        elif not office.email:
            box.note(Kind.NO_EMAIL, office)
        elif not is_deliverable(office.email):
            box.note(Kind.WRONG_EMAIL, office, office.email)
        else:
            addresses[office.email.lower()].append(office)
    for email, several in addresses.items():
        if len(several) > 1:
            box.problems[Kind.SHARED_ADDRESS][email] = Item(email, "; ".join(label_of(one) for one in several))


def _write(
    box: Outbox,
    settings: Settings,
    stored: StoredCampaign,
    author: Author,
    office: Office,
    session: SmtpSession,
    sink: MailSink,
) -> None:
    """One letter. An office that can't be written to keeps its words unrendered, as for real letters."""
    if office.vacant or not office.email:
        return
    try:
        rendered = render_letter(stored.campaign, author, office)
        message = _message(settings, stored, author, office, rendered)
    except UnfilledField as error:
        box.note(Kind.UNFILLED, office, str(error))
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, the other letters are looked at too
        box.note(Kind.NOT_MADE, office, type(error).__name__)
        return
    box.letters += 1
    box.versions[stored.campaign.version_for_office(office).name][office.office_id] = rendered.subject
    box.written_to.add(office.office_id)
    if not is_deliverable(office.email):
        return
    sender = f"bounce+rehearsal@{settings.mail_domain}"
    outcome = session.send(sender, office.email, message, may_send=lambda: True)
    if outcome.verdict is not Verdict.ACCEPTED:
        box.note(Kind.NOT_TAKEN, office, outcome.reply)
        return
    for _, arrived in sink.take_all():
        box.sent += 1
        _measure(box, office, rendered, arrived)


def _message(
    settings: Settings, stored: StoredCampaign, author: Author, office: Office, rendered: RenderedLetter
) -> bytes:
    row = {
        "from_name": author.name,
        "recipient_title": office.title,
        "recipient_name": office.holder,
        "recipient_email": office.email,
        "subject": rendered.subject,
        "body": rendered.body,
        "message_id": f"<rehearsal-{office.office_id}@{settings.mail_domain}>",
        "created_at": now(),
        "reply_to": author.email,
    }
    return letter_bytes(row, stored.campaign.sender_name, f"{stored.campaign.slug}@{settings.mail_domain}")


def _measure(box: Outbox, office: Office, rendered: RenderedLetter, arrived: bytes) -> None:
    """What a mail server or a mail reader would cut off."""
    header = len(f"Subject: {rendered.subject}".encode())
    if header > LONGEST_SUBJECT_LINE:
        box.note(Kind.LONG_SUBJECT, office, f"{header} characters: {rendered.subject[:_SHOWN_SUBJECT]}")
    longest = max(map(len, arrived.split(b"\r\n")))
    if longest > LONGEST_LINE:
        box.note(Kind.LONG_LINE, office, f"{longest:,} characters")
    if len(arrived) > LARGEST_MESSAGE:
        box.note(Kind.LARGE_MESSAGE, office, f"{len(arrived) // 1024:,} KB")
