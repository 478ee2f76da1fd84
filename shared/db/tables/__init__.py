"""All tables as SQLAlchemy Core. Importing this package fills `METADATA` for migrations and tests."""

from shared.db.tables.addresses import address_point, address_source, street, street_range
from shared.db.tables.base import METADATA
from shared.db.tables.bulk import bulk_change, bulk_letter
from shared.db.tables.campaigns import campaign, campaign_draft, campaign_edition, campaign_logo, campaign_preview
from shared.db.tables.consents import campaign_update, consent
from shared.db.tables.delivery import (
    delivery_connection,
    departure,
    domain_answer,
    domain_pace,
    generation,
    installation,
    mail_relay,
    mailbox_pace,
    relay_state,
    sender_check,
)
from shared.db.tables.directory import district, drawing, import_run, office, office_holder
from shared.db.tables.exports import export, export_piece
from shared.db.tables.figures import snapshot, tally
from shared.db.tables.happenings import happening
from shared.db.tables.invitations import invitation
from shared.db.tables.letter_revisions import letter_revision
from shared.db.tables.letters import follow_up, letter, letter_event, letter_words
from shared.db.tables.mailings import mailing
from shared.db.tables.office_changes import import_change, office_change
from shared.db.tables.organizers import mailbox_message, organizer, organizer_session, recovery_code, sign_in_failure
from shared.db.tables.parts import failing_part
from shared.db.tables.people import audit_entry, membership, membership_invitation
from shared.db.tables.processes import process_heartbeat
from shared.db.tables.receipts import receipt, receipt_source, suppression
from shared.db.tables.rehearsals import rehearsal
from shared.db.tables.signs_of_life import sign_count, sign_of_life, silent_domain
from shared.db.tables.submissions import submission, submission_target

__all__ = [
    "METADATA",
    "address_point",
    "address_source",
    "audit_entry",
    "bulk_change",
    "bulk_letter",
    "campaign",
    "campaign_draft",
    "campaign_edition",
    "campaign_logo",
    "campaign_preview",
    "campaign_update",
    "consent",
    "delivery_connection",
    "departure",
    "district",
    "domain_answer",
    "domain_pace",
    "drawing",
    "export",
    "export_piece",
    "failing_part",
    "follow_up",
    "generation",
    "happening",
    "import_change",
    "import_run",
    "installation",
    "invitation",
    "letter",
    "letter_event",
    "letter_revision",
    "letter_words",
    "mail_relay",
    "mailbox_message",
    "mailbox_pace",
    "mailing",
    "membership",
    "membership_invitation",
    "office",
    "office_change",
    "office_holder",
    "organizer",
    "organizer_session",
    "process_heartbeat",
    "receipt",
    "receipt_source",
    "recovery_code",
    "rehearsal",
    "relay_state",
    "sender_check",
    "sign_count",
    "sign_in_failure",
    "sign_of_life",
    "silent_domain",
    "snapshot",
    "street",
    "street_range",
    "submission",
    "submission_target",
    "suppression",
    "tally",
]
