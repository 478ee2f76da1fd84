"""Codes of authenticator apps, by the test vectors of RFC 6238, and what a browser says it is."""

import base64

import pytest

from shared.domain.devices import device_words
from shared.domain.totp import (
    PERIOD_S,
    RECOVERY_CODES,
    app_link,
    code_at,
    key_text,
    matching_step,
    new_key,
    new_recovery_codes,
    plain_recovery_code,
)

RFC_KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert code_at(RFC_KEY, at // PERIOD_S) == code
    assert matching_step(RFC_KEY, f" {code[:3]} {code[3:]} ", at, 0) == at // PERIOD_S


def test_a_clock_may_be_off_by_one_period_and_no_more() -> None:
    now = 1_234_567_890.0
    step = int(now) // PERIOD_S
    fits = [off for off in range(-3, 4) if matching_step(RFC_KEY, code_at(RFC_KEY, step + off), now, 0)]
    assert fits == [-1, 0, 1]


def test_no_code_is_taken_twice_nor_an_older_one() -> None:
    now = 1_234_567_890.0
    step = int(now) // PERIOD_S
    assert matching_step(RFC_KEY, code_at(RFC_KEY, step), now, step) is None
    assert matching_step(RFC_KEY, code_at(RFC_KEY, step - 1), now, step) is None
    assert matching_step(RFC_KEY, code_at(RFC_KEY, step + 1), now, step) == step + 1


@pytest.mark.parametrize("typed", ["", "28708", "abcdef", "２８７０８２", "287082x"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert matching_step(RFC_KEY, typed, 59, 0) is None


def test_the_app_gets_the_whole_key() -> None:
    key = new_key()
    assert base64.b32decode(key_text(key).replace(" ", "")) == key
    link = app_link(key, "ana@example.org")
    assert link.startswith("otpauth://totp/Dear%20Rep%3Aana%40example.org?secret=")
    assert "issuer=Dear%20Rep" in link


def test_recovery_codes_are_different_and_forgive_how_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES
    assert plain_recovery_code(f" {codes[0].upper().replace('-', ' ')} ") == codes[0].replace("-", "")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18 Safari/604.1", "Safari on an iPhone"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_device_is_told_in_plain_words(agent: str, words: str) -> None:
    assert device_words(agent) == words
