"""Enhanced status codes are found in servers' words, and nothing else with dots is taken for one."""

import pytest

from shared.domain.status_codes import better_status, find_status


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("550 5.1.1 no such user", "5.1.1"),
        ("550-5.7.26 This mail", "5.7.26"),
        ("closed (#5.2.1)", "5.2.1"),
        ("see 4.2.2.", "4.2.2"),
        ("5.7.515", "5.7.515"),
        ("250 2.0.0 Ok", ""),
        ("[5.6.7.8] said no", ""),
        ("Exim 4.94.2", ""),
        ("15.1.1", ""),
        ("5.1", ""),
    ],
)
def test_codes_in_words(words: str, code: str) -> None:
    assert find_status(words) == code


@pytest.mark.parametrize(
    ("given", "words", "usual", "code"),
    [
        ("5.1.1", "550 5.1.10", "", "5.1.1"),
        # Of another subject: a gateway put its own code over the server's.
        ("5.1.1", "550 5.2.2", "", "5.2.2"),
        ("5.0.0", "550 5.2.2", "", "5.2.2"),
        # A relay's name for it counts where the server said nothing.
        ("5.0.0", "", "5.2.2", "5.2.2"),
        ("", "", "5.2.2", "5.2.2"),
        ("5.0.0", "no", "", "5.0.0"),
        ("", "no", "4.0.0", ""),
        ("", "", "", ""),
    ],
)
def test_the_exact_code_wins(given: str, words: str, usual: str, code: str) -> None:
    assert better_status(given, words, usual) == code
