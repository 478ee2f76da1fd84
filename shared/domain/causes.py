"""Why a letter is where it is: one code each, with the words that organizers and supporters read."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.phrases import phrase


class Cause(StrEnum):
    """The codes stored in `letter.cause`."""

    NONE = ""
    TEMPORARY = "temporary"
    MAILBOX_FULL = "mailbox_full"
    NO_SUCH_ADDRESS = "no_such_address"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    CONTENT = "content"
    OUR_DNS = "our_dns"
    OUR_REPUTATION = "our_reputation"
    OUR_RATE = "our_rate"
    RELAY_LIMIT = "relay_limit"
    RELAY_REFUSED = "relay_refused"
    CONNECTION = "connection"
    AUTHENTICATION = "authentication"
    TLS = "tls"
    LOST_AFTER_DOT = "lost_after_dot"
    LEASE_EXPIRED = "lease_expired"
    WORKER_STOPPED = "worker_stopped"
    CRASHED = "crashed"
    TOO_LATE = "too_late"
    HOLD_EXPIRED = "hold_expired"
    VACANT_SEAT = "vacant_seat"
    NO_EMAIL = "no_email"
    SUPPORTER = "supporter"
    ORGANIZER = "organizer"
    RELAY_MISSING = "relay_missing"
    ADDRESS_FAILING = "address_failing"
    GAVE_UP = "gave_up"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    NOT_NEEDED = "not_needed"
    ABUSE_CHECK = "abuse_check"
    THREAT = "threat"
    WITHDRAWN = "withdrawn"
    LEFT_OUT = "left_out"
    NOT_FOLLOWED = "not_followed"
    ATTENDED = "attended"
    REWRITTEN = "rewritten"
    READDRESSED = "readdressed"
    RESTORED = "restored"
    NEW_HOLDER = "new_holder"


@dataclass(frozen=True)
class CauseWords:
    """What happened, and what an organizer can do about it."""

    what: str
    mend: str = ""


CAUSE_WORDS: dict[Cause, CauseWords] = {
    Cause.NONE: CauseWords(""),
    Cause.TEMPORARY: CauseWords(phrase("The mail server asked us to try again later."), "Nothing to do: we try again."),
    Cause.MAILBOX_FULL: CauseWords(phrase("The mailbox is full."), "We try again. A call to the office may help."),
    Cause.NO_SUCH_ADDRESS: CauseWords(
        phrase("The email address does not exist."), "Check the office's address, then retry."
    ),
    Cause.REFUSED: CauseWords(phrase("The mail server refused the letter."), "Read its answer below before you retry."),
    Cause.TOO_LARGE: CauseWords(phrase("The mail server found the letter too large.")),
    Cause.OUR_DNS: CauseWords(
        phrase("The mail server does not trust our sender domain."), "Correct SPF, DKIM and DMARC, then retry."
    ),
    Cause.CONTENT: CauseWords(
        phrase("The mail server refused the text of the letter."),
        "Read its answer: it may name a policy, a word or a link. Change the campaign's text, or call the office.",
    ),
    Cause.OUR_REPUTATION: CauseWords(
        phrase("The mail server does not accept mail from our server now."),
        "Read its answer, ask the block list that it names to remove our address, or send by another mail relay. "
        "We try again.",
    ),
    Cause.OUR_RATE: CauseWords(
        phrase("The mail server accepts fewer letters an hour from us than we sent."),
        "Nothing to do: we pause, then go on.",
    ),
    Cause.RELAY_LIMIT: CauseWords(
        phrase("Our mail relay's sending limit is reached."),
        "Wait until the relay's limit starts again, or raise it with its provider. No letter is lost.",
    ),
    Cause.RELAY_REFUSED: CauseWords(
        phrase("Our mail relay does not send mail for us now."),
        "Read its answer, then check at its provider: the account, the sender domain, who may send.",
    ),
    Cause.CONNECTION: CauseWords(phrase("The mail server could not be reached."), "Nothing to do: we try again."),
    Cause.AUTHENTICATION: CauseWords(
        phrase("The mail relay refused our sign-in."), "Check the relay's user and password."
    ),
    Cause.TLS: CauseWords(phrase("A secure connection to the mail relay failed."), "Check the relay's certificate."),
    Cause.LOST_AFTER_DOT: CauseWords(
        phrase("The connection was lost after the whole letter had been sent. It may have arrived."),
        "Wait for a bounce or a delivery notice; resend only if you accept a second copy.",
    ),
    Cause.LEASE_EXPIRED: CauseWords(
        phrase("The worker that held this letter stopped answering. It may have arrived."),
        "Wait for a bounce or a delivery notice; resend only if you accept a second copy.",
    ),
    Cause.WORKER_STOPPED: CauseWords(phrase("A worker was stopped before it sent this letter."), "Nothing to do."),
    Cause.CRASHED: CauseWords(
        phrase("Sending this letter crashed a worker again and again."), "Tell the person who runs the server."
    ),
    Cause.TOO_LATE: CauseWords(phrase("The campaign's last day for delivery has passed.")),
    Cause.HOLD_EXPIRED: CauseWords(
        phrase("We held this letter and could not send it before its last day."),
        "Retry it when its office can be written to.",
    ),
    Cause.VACANT_SEAT: CauseWords(
        phrase("Nobody holds this seat now."), "The letter waits for the next office holder."
    ),
    Cause.NO_EMAIL: CauseWords(phrase("We have no email address for this office."), "Add an address, then retry."),
    Cause.SUPPORTER: CauseWords(phrase("The supporter took the letter back.")),
    Cause.ORGANIZER: CauseWords(phrase("An organizer did this.")),
    Cause.ADDRESS_FAILING: CauseWords(
        phrase("Letters to this office's email address come back."),
        "Correct the office's address; its letters then leave by themselves.",
    ),
    Cause.GAVE_UP: CauseWords(
        phrase("The mail server tried for days and gave up."), "Check the office's address, then retry."
    ),
    Cause.COMPLAINED: CauseWords(
        phrase("The office marked such a letter as spam."),
        "Call the office before anything more is sent to this address.",
    ),
    Cause.SUPPRESSED: CauseWords(phrase("This email address gets no more emails from us.")),
    Cause.NOT_NEEDED: CauseWords(phrase("There was no need for this email any more.")),
    Cause.ABUSE_CHECK: CauseWords(
        phrase("It was written and sent so quickly that somebody from the campaign looks at it before it leaves."),
        "Programs are that quick, and few people are. Read it, then release or cancel it.",
    ),
    Cause.THREAT: CauseWords(
        phrase("Some of its words may read as a threat. Someone from the campaign reads it before it leaves."),
        "Read it, then release or cancel it. The editor has the phrases that hold letters, under “Letter”.",
    ),
    Cause.WITHDRAWN: CauseWords(
        phrase("Nobody holds this seat, and the campaign took the letter back. It was not sent."),
        "Retry it when somebody holds the seat.",
    ),
    Cause.LEFT_OUT: CauseWords(
        phrase("The campaign does not write to whoever holds this seat now."), "Cancel the letter, or release it."
    ),
    Cause.NOT_FOLLOWED: CauseWords(
        phrase("The office holder changed, and we could not update the letter."),
        "Tell the person who runs the server: the log names the error. Then release the letter, or cancel it.",
    ),
    Cause.NEW_HOLDER: CauseWords(
        phrase("This seat has a new office holder. The letter is waiting for its writer's decision."),
        "We asked its writer by email. You can also release the letter to the new office holder, or cancel it.",
    ),
    Cause.RELAY_MISSING: CauseWords(phrase("No mail relay is configured."), "Enter one under “Delivery”."),
    Cause.ATTENDED: CauseWords("An organizer marked this as dealt with."),
    Cause.REWRITTEN: CauseWords("For whoever holds the seat now."),
    Cause.READDRESSED: CauseWords("The office’s address was corrected, or the one before fails."),
    Cause.RESTORED: CauseWords(
        phrase("A backup was restored. The campaign is checking whether this letter was already sent."),
        "Release it if it was not sent; cancel it if it was.",
    ),
}
