"""Sample values for every email that supporters get, for tests and pictures: the templates' contract. All invented."""

from typing import Any

from shared.rendering.markdown import page_html

COMMON: dict[str, Any] = {
    "language": "en",
    "campaign_title": "Keep our shops local",
    "campaign_url": "https://letters.example/c/co-ops",
    "sender_name": "Neighbors United",
    "color": "",
    "privacy": "We use your address to find who represents you, and for nothing else.",
    "reference": "7F3K-92QD",
    "is_test": False,
    "first_name": "Jamie",
    "own_url": "https://letters.example/mine/Vb3kQm0hT9yRzX1cLw8aFg/k7m2q5x3w6n4p1r8",
    "preferences_url": "https://letters.example/emails/f12-u2k7m5x3w6n4p1r8",
    "unsubscribe_url": "https://letters.example/unsubscribe/f12-u2k7m5x3w6n4p1r8",
}
BODY = """Dear Representative Pat Doe,

My sister's bakery became a co-op last year. Nobody lost a job.

When the owner of a small shop retires, the shop often closes. The co-op bill lets the people who work there buy it \
together, and keeps it on our street. I ask you to vote for it when it comes to the floor.

Sincerely,
Jamie Rivera
12 Maple Street, Worcester, MA 01603"""
_SUBJECT = "Please back the co-op bill in the Third Worcester district"
_LETTER = {"recipient": "Representative Pat Doe", "subject": _SUBJECT, "body": BODY}
_OTHER = {
    "recipient": "Senator Ana Ruiz",
    "subject": _SUBJECT,
    "body": BODY.replace("Representative Pat Doe", "Senator Ana Ruiz"),
}
_ASKED = {
    "recipient": "Representative Pat Doe",
    "cause": "This seat has a new office holder. Your letter is waiting for your decision.",
    "is_asked": True,
    "last_day": "November 24, 2026",
}
_UPDATE = """The committee votes on **Thursday**.

1. It begins at 10 in room A-2.
2. It is open to all: [the hearing](https://letters.example/hearing)

Come early, and bring a neighbor."""
OWN: dict[str, dict[str, Any]] = {
    "thank_you": {"letters": [_LETTER, _OTHER]},
    "received": {"leaves_later": False, "leaves_at": "14:05 EST"},
    "fix_address": {"is_reminder": False},
    "already_wrote": {},
    "not_answered_in_time": {"was_asked": True},
    "failure": {
        "failed": [
            _LETTER | {"phone": "(617) 555-0102 ext. 4", "cause": "The office's mailbox takes no more mail."},
            _OTHER | {"phone": "", "cause": "The office's mail server says that there is no such address."},
        ]
    },
    "hold_expires": {
        "held": [
            {
                "recipient": "Representative, 3rd Worcester",
                "cause": "Nobody holds this seat now. We keep your letter for the next office holder.",
                "is_asked": False,
                "last_day": "November 24, 2026",
            },
            {
                "recipient": "Senator Ana Ruiz",
                "cause": "Letters to this office's email address come back.",
                "is_asked": False,
                "last_day": "November 24, 2026",
            },
        ]
    },
    "new_holder": {
        "holder": {
            "recipient": "Representative Pat Doe",
            "district": "Third Worcester",
            "is_asked": False,
            "letter": _LETTER,
        }
    },
    "did_they_answer": {
        "recipients": ["Representative Pat Doe", "Senator Ana Ruiz"],
        "answer_url": "https://letters.example/answered/f12-a2k7m5x3w6n4p1r8",
        "is_reminder": False,
    },
    "update": {
        "update_subject": "The committee votes on Thursday",
        "update_text": _UPDATE,
        "update_html": page_html(_UPDATE),
        "organization": "Shops of the Valley",
    },
    "victory": {"message": "The Senate passed the bill on Tuesday, 31 to 8.\n\nThe governor signs it in May."},
    "answer": {
        "office": "Representative Pat Doe",
        "answer_from": "pat.doe@lower.example",
        "answer_subject": "Re: Please back the co-op bill",
        "answer_text": "Dear Jamie,\n\nThank you for your letter. I will vote for the bill.\n\nPat Doe",
        "answer_files": "",
        "is_automatic": False,
        "is_strangers": False,
    },
    # To the organizers.
    "address_fails": {
        "failing": [
            {
                "office": "Representative Pat Doe",
                "failing": ["pat.doe@lower.example"],
                "words": "The email address does not exist.",
                "goes_to": "",
                "held": 214,
            },
            {
                "office": "Senator Ana Ruiz",
                "failing": ["ana.ruiz@upper.example"],
                "words": "The office marked such a letter as spam.",
                "goes_to": "office.ruiz@upper.example",
                "held": 0,
            },
        ],
        "results_url": "https://letters.example/admin/campaigns/co-ops/results#addresses",
    },
    "holds_expire": {
        "holds": [
            {
                "letters": 212,
                "words": "Nobody holds this seat now.",
                "mend": "The letter waits for the next office holder.",
                "first_day": "November 24, 2026",
            },
            {
                "letters": 1,
                "words": "Letters to this office's email address come back.",
                "mend": "Correct the office's address; its letters then leave by themselves.",
                "first_day": "November 25, 2026",
            },
        ],
        "letters_held": 213,
        "attention_url": "https://letters.example/admin/campaigns/co-ops/attention",
    },
    "domain_refuses": {
        "refusing": [
            {
                "domain": "lower.example",
                "waiting": 1284,
                "said": "550 5.7.1 Message rejected due to content policy; contact it@lower.example",
                "next_at": "Nov 24, 10:42 am EST",
                "trial": "trial of 1 letter",
            },
            {"domain": "upper.example", "waiting": 1, "said": "", "next_at": "", "trial": "trial of 4 letters"},
        ],
        "sender_domain": "letters.example",
        "delivery_url": "https://letters.example/admin/delivery#domains",
    },
    "domain_silent": {
        "silent": [
            {
                "domain": "lower.example",
                "recent": "3 of 1,204 letters (0.2%), where earlier letters lead us to expect about 184",
            },
            {
                "domain": "upper.example",
                "recent": "0 of 290 letters (0.0%), where earlier letters lead us to expect about 61",
            },
        ],
        "sender_domain": "letters.example",
        "delivery_url": "https://letters.example/admin/delivery#signs",
    },
    "reply": {
        "office": "Jamie Rivera",
        "answer_from": "jamie@example.org",
        "answer_subject": "Re: Thank you, Jamie: a copy of your letters",
        "answer_text": "Hello,\n\nI moved last week. Can you change my address?\n\nJamie",
        "answer_files": "",
        "is_automatic": False,
    },
}
KINDS = tuple(OWN)
# What differs within a kind.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "received_later": ("received", {"leaves_later": True}),
    "fix_address_reminder": ("fix_address", {"is_reminder": True}),
    "not_written_in_time": ("not_answered_in_time", {"was_asked": False}),
    "failure_of_one": ("failure", {"failed": OWN["failure"]["failed"][:1]}),
    "failure_without_phone": ("failure", {"failed": OWN["failure"]["failed"][1:]}),
    "new_holder_asks": ("new_holder", {"holder": OWN["new_holder"]["holder"] | {"is_asked": True}}),
    "did_they_answer_reminder": ("did_they_answer", {"is_reminder": True, "recipients": ["Senator Ana Ruiz"]}),
    "victory_without_words": ("victory", {"message": ""}),
    "address_fails_of_one": ("address_fails", {"failing": OWN["address_fails"]["failing"][:1]}),
    "hold_expires_asks": ("hold_expires", {"held": [_ASKED]}),
    "hold_expires_of_one": ("hold_expires", {"held": OWN["hold_expires"]["held"][1:]}),
    "holds_expire_of_one": ("holds_expire", {"holds": OWN["holds_expire"]["holds"][1:], "letters_held": 1}),
    "domain_refuses_of_one": ("domain_refuses", {"refusing": OWN["domain_refuses"]["refusing"][:1]}),
    "domain_silent_of_one": ("domain_silent", {"silent": OWN["domain_silent"]["silent"][:1]}),
    "answer_with_files": ("answer", {"answer_text": "", "answer_files": "Response from Rep. Doe.pdf, bill.docx"}),
    "reply_with_files": ("reply", {"answer_files": "house.jpg"}),
    "answer_automatic": ("answer", {"is_automatic": True}),
    "answer_of_a_stranger": ("answer", {"is_strangers": True, "answer_from": "reporter@paper.example"}),
    "reply_automatic": ("reply", {"is_automatic": True}),
    "thank_you_test": ("thank_you", {"is_test": True, "letters": [_LETTER], "privacy": ""}),
}
_LONG_NAME = "Zoë Nguyễn-O'Brien Wolfeschlegelsteinhausenbergerdorff-Papadopoulou"


def sample(name: str) -> tuple[str, dict[str, Any]]:
    """The kind and the values of a kind or of a variant."""
    kind, changes = VARIANTS.get(name, (name, {}))
    return kind, COMMON | OWN[kind] | changes


def awkward(name: str) -> tuple[str, dict[str, Any]]:
    """The same with names as long and as foreign as people's are."""
    kind, values = sample(name)
    long = _replaced(values, {"Jamie": _LONG_NAME, "Pat Doe": _LONG_NAME, "Ana Ruiz": "Nguyễn Thị Minh Khai"})
    return kind, long | {"sender_name": "Vecinos Unidos por las Tiendas y Cooperativas del Valle de Connecticut"}


def _replaced(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, words) for one in value]
    if isinstance(value, str):
        for old, new in words.items():
            value = value.replace(old, new)
    return value


NAMES = (*KINDS, *VARIANTS)
