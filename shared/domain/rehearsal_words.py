"""What a rehearsal's findings mean to an organizer, and how each is mended. Page and command share them."""

from dataclasses import dataclass

from shared.domain.rehearsals import LONGEST_LINE, LONGEST_SUBJECT_LINE, Finding, Kind


@dataclass(frozen=True)
class KindWords:
    """`one` and `many` follow the count; `what` says what would happen, `mend` what to do."""

    one: str
    many: str
    what: str
    mend: str


KIND_WORDS: dict[Kind, KindWords] = {
    Kind.PRACTICE: KindWords(
        "state without real legislators",
        "states without real legislators",
        "Letters would go to practice offices, which nobody holds.",
        "Import legislators, districts and streets: dearrep setup {state}",
    ),
    Kind.NO_DISTRICTS: KindWords(
        "chamber without districts",
        "chambers without districts",
        "Nobody's legislators of this chamber can be found.",
        "Import the district shapes: dearrep setup {state}",
    ),
    Kind.NO_ADDRESSES: KindWords(
        "state without addresses",
        "states without addresses",
        "Home addresses can't be found, so practice offices are used.",
        "Import streets or address points: dearrep setup {state}",
    ),
    Kind.NOT_FOUND: KindWords(
        "district where nobody is found",
        "districts where nobody is found",
        "Supporters there would see no legislator.",
        "Import legislators and districts again, from the same year: dearrep setup {state}",
    ),
    Kind.UNFILLED: KindWords(
        "letter with an unfilled field",
        "letters with unfilled fields",
        "These letters could not be written.",
        "Take the field out of the letter, or fill in what is missing about the office.",
    ),
    Kind.NOT_MADE: KindWords(
        "letter that can't be made",
        "letters that can't be made",
        "These letters would be set aside.",
        "Look at the wording for these offices, then tell the person who runs the server.",
    ),
    Kind.NOT_TAKEN: KindWords(
        "letter that the test server refused",
        "letters that the test server refused",
        "A real mail server would refuse them too.",
        "Look at the wording for these offices, then tell the person who runs the server.",
    ),
    Kind.NO_ROSTER: KindWords(
        "office of a chamber without members",
        "offices of a chamber without members",
        "Nobody who sits in this chamber is known, so letters to it wait.",
        "Import the legislators: dearrep setup {state}",
    ),
    Kind.NO_HOLDER: KindWords(
        "vacant seat",
        "vacant seats",
        "Letters to a vacant seat wait for the next office holder, and their writers are told so.",
        "If somebody holds it by now, import the legislators again: dearrep setup {state}",
    ),
    Kind.NO_EMAIL: KindWords(
        "office without an email address",
        "offices without an email address",
        "Letters to it wait until there is one.",
        "Give it one: under Offices, or by dearrep office address",
    ),
    Kind.WRONG_EMAIL: KindWords(
        "office whose email address can't be right",
        "offices whose email address can't be right",
        "No mail server takes such an address.",
        "Correct it: under Offices, or by dearrep office address",
    ),
    Kind.FAILING: KindWords(
        "office whose address fails",
        "offices whose addresses fail",
        "Earlier letters came back, so new ones wait.",
        "Correct the address, or let it be tried again.",
    ),
    Kind.TOO_LATE: KindWords(
        "mail domain that is too slow",
        "mail domains that are too slow",
        "Some letters would not leave before the campaign's last day of delivery.",
        "Raise its pace, widen the office hours, or move the deadline.",
    ),
    Kind.LONG_SUBJECT: KindWords(
        "subject that is too long",
        "subjects that are too long",
        f"With its name, the line is longer than {LONGEST_SUBJECT_LINE} characters: mail readers cut it off.",
        "Shorten the subject. District names make it longer for some offices.",
    ),
    Kind.LONG_LINE: KindWords(
        "letter with a line that is too long",
        "letters with a line that is too long",
        f"Mail servers may refuse lines of more than {LONGEST_LINE} characters.",
        "Shorten the subject, or the campaign's or the host's name.",
    ),
    Kind.LARGE_MESSAGE: KindWords(
        "letter that is too large",
        "letters that are too large",
        "Mail readers cut off what is longer than 100 KB.",
        "Shorten the letter.",
    ),
    Kind.DOUBTFUL: KindWords(
        "district where we would have to ask",
        "districts where we would have to ask",
        "The district line is so close that supporters are asked which side is theirs.",
        "That is right where districts are very narrow. Otherwise look the address up.",
    ),
    Kind.SHARED_ADDRESS: KindWords(
        "email address of several offices",
        "email addresses of several offices",
        "A supporter of both would send two letters to one mailbox.",
        "Right for a shared staff mailbox. Otherwise correct one: under Offices, or by dearrep office address",
    ),
    Kind.LEFT_OUT: KindWords(
        "office that is left out",
        "offices that are left out",
        "The campaign writes no letter to it.",
        "That is how the campaign is set up.",
    ),
    Kind.NO_RELAY: KindWords(
        "mail relay that is not set up",
        "mail relays that are not set up",
        "Without a mail relay no letter reaches a legislator: all end in the local mailbox.",
        "Enter one under “Delivery” before you go live.",
    ),
}


def finding_title(finding: Finding) -> str:
    """`2 offices that nobody holds`."""
    words, count = KIND_WORDS[finding.kind], len(finding.items)
    return f"{count:,} {words.one if count == 1 else words.many}"


def mend_words(finding: Finding, jurisdiction: str) -> str:
    """What to do about it in this state."""
    return KIND_WORDS[finding.kind].mend.replace("{state}", jurisdiction)


def change_words(mended: int, new: int) -> str:
    """`3 problems mended, 1 new.`."""
    if not mended and not new:
        return "nothing has changed."
    parts = [f"{mended:,} {'problem' if mended == 1 else 'problems'} mended"] if mended else []
    parts += [f"{new:,} new" if mended else f"{new:,} new {'problem' if new == 1 else 'problems'}"] if new else []
    return f"{', '.join(parts)}."
