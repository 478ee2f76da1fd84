"""What comes back from a mailbox: a person's answer, or what a mailbox says while its person is away."""

import re
from email.message import Message

from shared.domain.receipts import Answer
from shared.providers.inbound_mail.parts import attachments, body, header, mailbox

MOST_TEXT = 20_000
_MOST_SUBJECT = 998
# Headers that only programs write, whatever stands in them, unless it is "no".
_AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Mail-Autoreply", "X-AutoReply-From")
_AUTOMATIC_PRECEDENCE = {"auto_reply", "auto-reply"}
_RE = r"(?:\W|(?:re|aw|sv|rv|res|tr|回复|回覆|答复)\s*[:：])*+"
# What only programs begin a subject with: enough alone, where no person has put a "Re:" before it.
_BY_PROGRAM = re.compile(
    r"""\W*+(?:(?:
    auto(?:mated|matic)?[\s-]?(?:reply|response|responder|acknowledge?ment|answer) | auto$ | out\ of\ office\ auto\w*
    | respuesta\ autom[aá]tica | resposta\ autom[aá]tica | r[eé]ponse\ automatique | repons\ otomatik
    | automatische\ (?:antwort|r[uü]ckmeldung) | risposta\ automatica | automatisch\ antwoord
    | tr[aả]\ l[oờ]i\ t[uự]\ [dđ][oộ]ng | t[uự]\ [dđ][oộ]ng\ tr[aả]\ l[oờ]i)\b
    | 自动(?:回复|答复|响应) | 自動(?:回覆|回復|答覆) )""",
    re.IGNORECASE | re.VERBOSE,
)
# The same after what was answered: "The trees of Stow – Automated Response".
_BY_PROGRAM_LAST = re.compile(
    r"[-–—:|(\[]\s?auto(?:mated|matic)?[\s-]?(?:reply|response|acknowledge?ment)\W*$", re.IGNORECASE
)
# Enough together with another sign, never alone: people write such subjects too.
_AWAY = re.compile(
    _RE
    + r"""(?:(?:
    out\ of\ (?:the\ )?office | ooo | auto(?=:) | away\ (?:from|until) | (?:i\ am|i'm|currently)\ (?:away|out)\b
    | on\ (?:vacation|leave|holiday) | vacation | fuera\ de\ (?:la\ )?oficina | ausente | estoy\ de\ vacaciones
    | fora\ do\ escrit[oó]rio | aus[eê]ncia | estou\ de\ f[eé]rias | absence | absent | en\ cong[eé]
    | abwesenheit\w* | abwesend | nicht\ im\ b[uü]ro | fuori\ sede | afwezig\w*
    | v[aắ]ng\ m[aặ]t | ngh[iỉ]\ ph[eé]p | mwen\ pa\ nan\ biwo)\b
    | 休假 | 外出 | 不在办公室 | 不在辦公室 | 出差 | 离开办公室 )""",
    re.IGNORECASE | re.VERBOSE,
)
# The same, with a name before it, or thanks for a letter that nobody has read yet.
_UNREAD = re.compile(
    r"""(?:.*\b(?:is|am|are)\ (?:currently\ )?(?:out\ of|away\ from)\ (?:the\ )?office
    | \W*+(?:
    thank(?:s|\ you)\ for\ (?:contacting|writing|reaching\ out|your\ (?:e-?mail|message|letter|correspondence))
    | (?:we|i)\ (?:have\ )?received\ your\ (?:e-?mail|message|letter|correspondence)
    | (?:your\ )?(?:message|e-?mail|correspondence|ticket|request|inquiry)\ (?:was\ |has\ been\ )?received
    | gracias\ por\ (?:contactar|comunicarse|escribir|su\ (?:mensaje|correo|carta))
    | obrigad[oa]\ por\ (?:entrar\ em\ contato|escrever|sua\ (?:mensagem|carta)|seu\ e-?mail)
    | merci\ (?:de|pour)\ votre\ (?:message|courriel|lettre)))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_REPEATS = re.compile(r"\s*(?:$|(?:re|aw|sv|rv|res|tr|fwd?|回复|回覆|答复)\s*[:：])", re.IGNORECASE)
# Programs answer to the envelope's sender, people to whoever is named in the mail.
_ENVELOPE_ADDRESS = "bounce+"


def is_automatic(message: Message, *, no_sender: bool, recipient: str) -> bool:
    """True for what a mailbox answers by itself (RFC 3834, or the signs that were used before it)."""
    declared = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    # Nobody's mail program writes without a sender, and a server's report answers nothing.
    is_programs = no_sender and bool(header(message, "In-Reply-To"))
    # A list answers by itself, and passes on what others wrote: neither is an office's answer.
    is_of_list = bool(header(message, "List-Id")) and not header(message, "In-Reply-To")
    is_lists = is_of_list or bool(header(message, "X-List-Administrivia"))
    return (
        declared not in {"", "no"}
        or is_programs
        or is_lists
        or is_away_note(message, no_sender=no_sender, recipient=recipient)
    )


def is_away_note(message: Message, *, no_sender: bool, recipient: str) -> bool:
    """True for what can only be a mailbox's note; servers' bounces call themselves automatic as well."""
    if header(message, "X-Failed-Recipients"):
        # Exim's bounces say otherwise what notes say, but name there whom they are about.
        return False
    precedence = header(message, "Precedence").lower()
    if precedence in _AUTOMATIC_PRECEDENCE:
        return True
    if any(header(message, name).lower() not in {"", "no"} for name in _AUTOMATIC_HEADERS):
        return True
    subject = header(message, "Subject")
    if _BY_PROGRAM.match(subject) or _BY_PROGRAM_LAST.search(subject):
        return True
    hints = (
        header(message, "Auto-Submitted").lower() not in {"", "no"},
        no_sender,
        precedence in {"bulk", "junk"},
        header(message, "X-Auto-Response-Suppress"),
        recipient.lower().startswith(_ENVELOPE_ADDRESS),
    )
    return any(hints) and bool(_AWAY.match(subject) or _UNREAD.match(subject))


def is_empty(answer: Answer) -> bool:
    """True without text and files, unless the subject itself says something: `Re: …` repeats ours."""
    return not answer.text and not answer.attachments and bool(_ONLY_REPEATS.match(answer.subject))


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
        attachments=attachments(message),
        writer=writer,
    )
