"""What emails to supporters are about: the values that the templates in `templates/emails` are filled with."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping

from shared.db import letter_revisions, letters, receipts, submissions, updates
from shared.db.signs_of_life import SilentDomain, silent_of_campaign
from shared.domain.campaigns import Campaign
from shared.domain.causes import Cause
from shared.domain.follow_ups import ADDRESS_FAILS, DOMAIN_SILENT, NEW_HOLDER, PASSED_ON, TO_ORGANIZERS, UPDATE
from shared.domain.identities import owner_key, reference, unsubscribe_key
from shared.domain.languages import SOURCE, html_tag
from shared.domain.letter_words import cause_words, has_failed, office_label
from shared.domain.places import LookupStatus
from shared.domain.receipts import Answer, News
from shared.domain.states import LetterState
from shared.domain.updates import UpdateWords
from shared.rendering.markdown import page_html
from shared.rendering.speech import say_moment, speaking
from shared.services.failing_addresses import FailingAddress, read_failing
from shared.services.hold_values import Holds, hold_values, read_holds
from shared.services.receipts.reading import read_receipt
from shared.services.refusing_domains import Refusing, read_refusing, refusing_values
from shared.services.signs_of_life import silent_values
from shared.settings import Settings


@dataclass(frozen=True)
class Facts:
    """What a batch of emails speaks of: submissions and campaign updates by number, letters by submission."""

    people: Mapping[int, RowMapping]
    letters: Mapping[int, Sequence[RowMapping]]
    updates: Mapping[int, RowMapping]
    # By receipt: what was written back, whether by itself, and about which letter.
    passed_on: Mapping[int, "PassedOn"]
    # By revision: the letter that another holder gets.
    revised: Mapping[int, int]
    # By campaign.
    failing: Mapping[int, Sequence[FailingAddress]]
    holds: Holds
    refusing: Refusing
    silent: Mapping[int, Sequence[SilentDomain]]


@dataclass(frozen=True)
class PassedOn:
    """What an office, or a supporter, wrote back; `letter_id` None when it was to an email of ours."""

    answer: Answer
    is_automatic: bool
    letter_id: int | None


def read_facts(connection: Connection, rows: Sequence[RowMapping]) -> Facts:
    """Read at once for all these rows of `follow_up`."""
    people = submissions.read_by_ids(connection, [row["submission_id"] for row in rows])
    written = defaultdict(list)
    for letter in letters.words_of_submissions(connection, list(people)):
        written[letter["submission_id"]].append(letter)
    numbers = {row["number"] for row in rows if row["kind"] == UPDATE}
    sent = updates.read_updates(connection, numbers) if numbers else {}
    came = {row["number"] for row in rows if row["kind"] in PASSED_ON}
    failing = {
        row["campaign_id"]: read_failing(connection, row["campaign_id"]) for row in rows if row["kind"] == ADDRESS_FAILS
    }
    passed_on = _read_passed_on(connection, came) if came else {}
    revisions = {row["number"] for row in rows if row["kind"] == NEW_HOLDER}
    found = letter_revisions.read_revisions(connection, revisions) if revisions else {}
    revised = {number: row["letter_id"] for number, row in found.items()}
    holds, refusing = read_holds(connection, rows), read_refusing(connection, rows)
    quiet = {row["campaign_id"] for row in rows if row["kind"] == DOMAIN_SILENT}
    silent = {number: silent_of_campaign(connection, number) for number in quiet}
    return Facts(people, written, sent, passed_on, revised, failing, holds, refusing, silent)


def _read_passed_on(connection: Connection, numbers: set[int]) -> dict[int, PassedOn]:
    passed_on = {}
    for row in receipts.read_receipts(connection, numbers):
        receipt = read_receipt(row)
        if receipt.answer is not None:
            is_automatic = receipt.news is News.AUTO_REPLIED
            passed_on[row["id"]] = PassedOn(receipt.answer, is_automatic, row["letter_id"])
    return passed_on


def email_values(settings: Settings, row: RowMapping, campaign: Campaign, facts: Facts) -> dict[str, Any]:
    """Everything that the email of this row may say."""
    person = facts.people[row["submission_id"]]
    written = facts.letters[row["submission_id"]]
    update = facts.updates[row["number"]] if row["kind"] == UPDATE else None
    return (
        common_values(settings, row["id"], campaign, person, is_test=row["is_test"])
        | _letter_values(written)
        | (update_values(UpdateWords(update["organization"], update["subject"], update["body"])) if update else {})
        | (_answer_values(settings, facts.passed_on[row["number"]], written) if row["kind"] in PASSED_ON else {})
        | (_holder_values(facts.revised[row["number"]], written) if row["kind"] == NEW_HOLDER else {})
        | _failing_values(settings, campaign, facts.failing.get(row["campaign_id"], ()))
        | hold_values(settings, row, campaign, person["language"], facts.holds)
        | refusing_values(settings, row, campaign, facts.refusing)
        | silent_values(settings, row, facts.silent.get(row["campaign_id"], ()))
        | {
            "is_reminder": row["number"] > 0,
            "was_asked": person["lookup_status"] not in (None, LookupStatus.MATCHED.value),
            "leaves_later": person["leaves_at"] > person["accepted_at"],
            "leaves_at": _leaves_at(person, campaign),
            "message": campaign.text_in(person["language"]).won_message,
        }
        # Organizers get this one.
        | ({"language": SOURCE} if row["kind"] in TO_ORGANIZERS else {})
    )


def common_values(
    settings: Settings, number: int, campaign: Campaign, person: Mapping[Any, Any], *, is_test: bool
) -> dict[str, Any]:
    """What every email says: from whom and why, and the supporter's own links. `number` is the follow-up's."""
    token = person["token"]
    language = person["language"]
    text = campaign.text_in(language)
    # Who writes in the language of the pages' source needs no choice in the address.
    chosen = "" if language == SOURCE else f"?lang={html_tag(language)}"
    own = f"{token}/{owner_key(settings.secret_key, token)}{chosen}"
    return {
        "language": language,
        "campaign_title": text.title,
        "campaign_url": f"{settings.public_url}/c/{campaign.slug}{chosen}",
        "sender_name": campaign.sender_name,
        "color": campaign.color,
        "privacy": text.privacy,
        "reference": reference(token),
        "is_test": is_test,
        "first_name": person["first_name"],
        # The page behind it shows the status, or the question while there is one.
        "own_url": f"{settings.public_url}/mine/{own}",
        "answer_url": f"{settings.public_url}/answers/{own}",
        "preferences_url": f"{settings.public_url}/preferences/{own}",
        "unsubscribe_url": unsubscribe_url(settings, unsubscribe_key(settings.secret_key, number)) + chosen,
    }


def _leaves_at(person: RowMapping, campaign: Campaign) -> str:
    with speaking(person["language"]):
        return say_moment(person["leaves_at"], ZoneInfo(campaign.timezone))


def update_values(words: UpdateWords) -> dict[str, Any]:
    """What an organizer wrote to those who agreed to hear more."""
    return {
        "organization": words.organization,
        "update_subject": words.subject,
        "update_text": words.body,
        "update_html": page_html(words.body),
    }


def _answer_values(settings: Settings, passed_on: PassedOn, written: Sequence[RowMapping]) -> dict[str, Any]:
    answer = passed_on.answer
    # An answer quotes what it answers; a supporter's own links are for nobody else.
    private = re.compile(rf"{re.escape(settings.public_url)}/(?:mine|preferences|answers|unsubscribe)/\S+")
    letters = [one for one in written if one["id"] == passed_on.letter_id]
    offices = [_recipient(one) for one in letters]
    return {
        "office": offices[0] if offices else answer.sender_name or answer.sender_address,
        "answer_from": answer.sender_address,
        "answer_subject": answer.subject,
        "answer_text": private.sub("(private link)", answer.text),
        "answer_files": ", ".join(answer.attachments),
        "is_automatic": passed_on.is_automatic,
        "is_strangers": not all(answer.is_from(one["recipient_email"]) for one in letters),
    }


def _failing_values(settings: Settings, campaign: Campaign, failing: Sequence[FailingAddress]) -> dict[str, Any]:
    page = f"{settings.public_url}/admin/campaigns/{campaign.slug}/results"
    return {"failing": failing, "results_url": f"{page}#addresses"}


def _holder_values(letter_id: int, written: Sequence[RowMapping]) -> dict[str, Any]:
    """The letter that goes, or would go, to another holder of its office."""
    letter = next(one for one in written if one["id"] == letter_id)
    recipient = _recipient(letter)
    return {
        "holder": {
            "recipient": recipient,
            "district": letter["district"],
            "is_asked": letter["state"] == LetterState.HELD and letter["cause"] == Cause.NEW_HOLDER,
            "letter": {"recipient": recipient, "subject": letter["subject"], "body": letter["body"]},
        }
    }


def _recipient(letter: RowMapping) -> str:
    return office_label(letter["recipient_title"], letter["recipient_name"], letter["district"])


def unsubscribe_url(settings: Settings, key: str) -> str:
    """Where one click, or one POST of a mail reader, ends the emails of a campaign."""
    return f"{settings.public_url}/unsubscribe/{key}"


def _letter_values(written: Sequence[RowMapping]) -> dict[str, Any]:
    lines = [
        {
            "recipient": _recipient(one),
            "subject": one["subject"],
            "body": one["body"],
            "phone": one["phone"],
            "cause": cause_words(one["cause"]),
            "is_failed": has_failed(LetterState(one["state"]), one["cause"]),
        }
        for one in written
        if one["body"]
    ]
    return {
        "letters": lines,
        "failed": [line for line in lines if line["is_failed"]],
        "recipients": [line["recipient"] for line in lines if not line["is_failed"]],
    }
