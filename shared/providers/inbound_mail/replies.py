"""What comes back from a mailbox: a person's answer, or what a mailbox says while its person is away."""

import re
from email.message import Message

from shared.domain.receipts import Answer
from shared.providers.inbound_mail.parts import body, header, mailbox

MOST_TEXT = 20_000
_MOST_SUBJECT = 998
# Headers that only programs write, whatever stands in them, unless it is "no".
_AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Mail-Autoreply", "X-AutoReply-From")
_AUTOMATIC_PRECEDENCE = {"auto_reply", "auto-reply"}
# Enough together with another sign, never alone: people write such subjects too.
_AWAY = re.compile(
    r"""(?:\W|(?:re|aw|sv|rv|res|tr)\s*:)*+(?:
    out\ of\ (?:the\ )?office | automatic\ reply | auto(?:mated)?[\s-]?(?:reply|response|responder)
    | away\ from | (?:i\ am|i'm)\ (?:away|out)\b | on\ (?:vacation|leave|holiday) | vacation
    | respuesta\ autom[aá]tica | fuera\ de\ (?:la\ )?oficina | ausente | estoy\ de\ vacaciones
    | resposta\ autom[aá]tica | fora\ do\ escrit[oó]rio | aus[eê]ncia | estou\ de\ f[eé]rias
    | r[eé]ponse\ automatique | absence | absent | en\ cong[eé]
    | automatische\ (?:antwort|r[uü]ckmeldung) | abwesenheit\w* | abwesend | nicht\ im\ b[uü]ro
    | risposta\ automatica | fuori\ sede | automatisch\ antwoord | afwezig\w*
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def is_automatic(message: Message, *, no_sender: bool) -> bool:
    """True for what a mailbox answers by itself (RFC 3834, or the signs that were used before it)."""
    declared = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    return (declared not in {"", "no"}) or is_away_note(message, no_sender=no_sender)


def is_away_note(message: Message, *, no_sender: bool) -> bool:
    """True for what can only be a mailbox's note; servers' bounces call themselves automatic as well."""
    if header(message, "X-Failed-Recipients"):
        # Exim's bounces say otherwise what notes say, but name there whom they are about.
        return False
    precedence = header(message, "Precedence").lower()
    if precedence in _AUTOMATIC_PRECEDENCE:
        return True
    if any(header(message, name).lower() not in {"", "no"} for name in _AUTOMATIC_HEADERS):
        return True
    declared = header(message, "Auto-Submitted").lower() not in {"", "no"}
    hint = declared or no_sender or precedence in {"bulk", "junk"} or header(message, "X-Auto-Response-Suppress")
    return bool(hint and _AWAY.match(header(message, "Subject")))


def read_answer(message: Message) -> Answer | None:
    """What was written, and by whom; None when no sender is named."""
    name, writer = mailbox(message, "From")
    reply_name, address = mailbox(message, "Reply-To")
    if not writer and not address:
        return None
    return Answer(
        sender_name=name or reply_name,
        sender_address=address or writer,
        subject=header(message, "Subject")[:_MOST_SUBJECT],
        text=body(message)[:MOST_TEXT],
    )
