"""Mail that reaches our own listener, told apart: reports of servers, complaints, notes of absence, people's answers.

The order matters. A report in the standard form is sure. A note of absence comes before the search for loose bounces,
because it may come without a sender as they do. Only mail that looks like a server's is searched for a bounce at all,
so that an answer which quotes one stays an answer.
"""

import re
from email.message import Message

from shared.domain.receipts import News, Receipt, make_receipt
from shared.providers.inbound_mail.parts import MOST_READ, header, headers, mailbox, take_apart
from shared.providers.inbound_mail.replies import is_automatic, is_away_note, is_empty, read_answer
from shared.providers.inbound_mail.reports import read_loose_bounce, read_report, read_wrapped_report

__all__ = ["MOST_READ", "read_mail"]

_UNSUBSCRIBE = "unsubscribe+"
_SERVERS = re.compile(
    r"(?:mailer-?daemon|post[_.-]?master|mdaemon|mail-?daemon|mail-?delivery(?:-?(?:system|subsystem|service))?"
    r"|microsoftexchange\w{0,40})(?:\+[\w.-]{0,80})?@",
    re.IGNORECASE,
)
# What servers without a name of their own write about.
_BOUNCE_SUBJECT = re.compile(
    r"\W{0,4}(?:undeliver(?:able|ed)|returned mail|failure notice|delivery (?:failure|failed|has failed)"
    r"|mail delivery (?:failed|failure)|delivery status notification)\b",
    re.IGNORECASE,
)
_STATUS_REPORT = "delivery-status"


def read_mail(raw: bytes, *, sender: str, recipient: str) -> Receipt:
    """What a mail says about one of ours; never an error, News.OTHER for what can't be understood.

    `sender` and `recipient` are those of the SMTP envelope; an empty sender is the null sender of servers.
    """
    try:
        return _read(take_apart(raw), sender.strip().strip("<>"), recipient.strip().strip("<>"))
    except Exception:  # noqa: BLE001 - Python's parser and the detectors have stumbled over broken mail before
        return make_receipt(News.OTHER, marks=[recipient])


def _read(message: Message, sender: str, recipient: str) -> Receipt:
    marks = [recipient, *headers(message, "In-Reply-To")]
    marks += [name for line in headers(message, "References") for name in line.split()]
    if recipient.lower().startswith(_UNSUBSCRIBE):
        return make_receipt(News.UNSUBSCRIBED, marks=marks)
    by_server = _is_by_server(message, sender)
    if by_server or not sender or message.get_content_type() == "multipart/report":
        report = read_report(message, marks)
        if report:
            return report
    # A person's answer may quote a bounce, and some come without a sender.
    is_answering = not by_server and bool(header(message, "In-Reply-To"))
    is_note = is_away_note(message, no_sender=not sender, recipient=recipient)
    if (by_server or not sender) and not is_answering and not is_note:
        bounce = read_wrapped_report(message, marks) or read_loose_bounce(message, marks, by_server=by_server)
        if bounce:
            return bounce
    answer = read_answer(message)
    if (is_note or not by_server) and is_automatic(message, no_sender=not sender, recipient=recipient):
        return make_receipt(News.AUTO_REPLIED, marks=marks, answer=answer)
    if by_server or not sender or not answer or is_empty(answer):
        return make_receipt(News.OTHER, marks=marks)
    return make_receipt(News.ANSWERED, marks=marks, answer=answer)


def _is_by_server(message: Message, sender: str) -> bool:
    """By its sender, its author, or by what only servers write: reports, and a list of whom they could not reach."""
    if _SERVERS.match(sender) or _SERVERS.match(mailbox(message, "From")[1]):
        return True
    if not sender and _BOUNCE_SUBJECT.match(header(message, "Subject")):
        return True
    is_report = str(message.get_param("report-type", "")).lower() == _STATUS_REPORT
    return is_report or bool(header(message, "X-Failed-Recipients"))
