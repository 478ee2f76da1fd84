"""Headers of mail in the local mailbox, as mail programs show them."""

import pytest

from shared.services.mailbox import header_words


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("Jamie Rivera via Shops <co-ops@letters.example>", "Jamie Rivera via Shops <co-ops@letters.example>"),
        (
            "=?utf-8?q?Featherstonehaugh-Chol?=\r\n =?utf-8?q?mondeley?=\r\n <f@x.example>",
            "Featherstonehaugh-Cholmondeley <f@x.example>",
        ),
        ("=?utf-8?q?Pe=C3=B1a_y?= =?utf-8?q?_Mu=C3=B1oz?=", "Peña y Muñoz"),
        ("A long subject\r\n that is folded", "A long subject that is folded"),
        ("=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        ("", ""),
    ],
)
def test_a_header_is_decoded_whole(raw: str, words: str) -> None:
    assert header_words(raw) == words
