"""What mail servers' refusals mean, down to the cause, in the words and codes of many makes."""

import csv
from pathlib import Path

import pytest

from shared.domain.causes import Cause
from shared.domain.pace import REST_S
from shared.domain.refusals import EFFECTS, Effect, read_refusal
from shared.domain.status_codes import better_status, find_status
from shared.providers.smtp import Verdict, classify
from tests.hostile import cpu_seconds

_FILE = Path(__file__).parent.parent / "refusals.csv"
REFUSALS = [tuple(row) for row in csv.reader(_FILE.read_text(encoding="utf-8").splitlines())][1:]
OURS = "letters.example"


@pytest.mark.parametrize(("cause", "status", "words"), REFUSALS)
def test_a_refusal_means_what_its_words_say(cause: str, status: str, words: str) -> None:
    assert read_refusal(words, status=better_status(status, words), ours=OURS).cause == cause


def test_there_are_refusals_of_every_kind() -> None:
    assert {cause for cause, _, _ in REFUSALS} == set(EFFECTS)
    assert len(REFUSALS) >= 100


def test_all_that_is_about_us_has_its_rest() -> None:
    assert set(REST_S) == {cause for cause, effect in EFFECTS.items() if effect is Effect.DOMAIN}


@pytest.mark.parametrize(
    ("reply", "verdict", "cause"),
    [
        (b"5.4.5 Daily user sending quota exceeded. d1-2gsmtp - relay", Verdict.UNSENT, Cause.RELAY_LIMIT),
        (b"5.7.0 Authentication required", Verdict.UNSENT, Cause.AUTHENTICATION),
        (b"relay not permitted", Verdict.UNSENT, Cause.RELAY_REFUSED),
        (b"5.7.1 Client host [192.0.2.10] blocked using list.example", Verdict.UNSENT, Cause.OUR_REPUTATION),
        (b"5.7.1 Message content rejected", Verdict.REJECTED, Cause.CONTENT),
        (b"5.2.2 Mailbox full", Verdict.DEFERRED, Cause.MAILBOX_FULL),
        (b"5.1.1 User unknown", Verdict.REJECTED, Cause.NO_SUCH_ADDRESS),
        (b"5.4.7 too many hops", Verdict.REJECTED, Cause.REFUSED),
    ],
)
def test_a_reply_over_smtp_has_the_same_table(reply: bytes, verdict: Verdict, cause: Cause) -> None:
    outcome = classify(550, reply, ours=OURS)
    assert (outcome.verdict, outcome.cause) == (verdict, cause)


def test_what_is_about_us_never_condemns_an_address() -> None:
    for cause, status, words in REFUSALS:
        if EFFECTS[Cause(cause)] in (Effect.DOMAIN, Effect.RELAY):
            # Servers say nearly everything under 5.1.1 and 5.2.1 too.
            for code in (status, "5.1.1", "5.2.1", ""):
                exact = better_status(code, words)
                assert read_refusal(words, status=exact, ours=OURS).cause is not Cause.NO_SUCH_ADDRESS, words


@pytest.mark.parametrize(
    ("words", "is_certain"),
    [
        ("550 5.1.1 <ana@house.example>: User unknown", True),
        ("550 5.1.1", True),
        ("550 5.1.1 Address rejected", False),
        ("550 5.1.1 Leider nein", False),
        ("550 5.2.1 This mailbox is disabled", False),
        ("550 Requested action not taken: mailbox unavailable", False),
    ],
)
def test_only_words_about_the_mailbox_itself_prove_that_there_is_none(words: str, is_certain: bool) -> None:
    refusal = read_refusal(words, status=find_status(words))
    assert (refusal.cause, refusal.is_certain) == (Cause.NO_SUCH_ADDRESS, is_certain)


@pytest.mark.parametrize(
    "piece", ["a ", "daily ", "user is ", "over its ", "sender@", "<a@b", "http://a", "550 5.1.1 ", "quota ", "-", "."]
)
def test_a_long_reply_takes_no_time(piece: str) -> None:
    _, spent = cpu_seconds(lambda: read_refusal(piece * 100_000), 0.5)
    assert spent < 0.5
