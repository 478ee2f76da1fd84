import pytest

from shared.domain.identities import source_hash


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "198.51.100.250", True),
        ("198.51.100.7", "198.51.101.7", False),
        ("198.51.100.7", "::ffff:198.51.100.9", True),
        ("2001:db8:0:1::7", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::7", "2001:db8:0:2::7", False),
        ("0.0.0.0", "::", False),
        ("unix:", "", True),
    ],
)
def test_a_source_is_a_network(one: str, other: str, same: bool) -> None:
    assert (source_hash("secret", one) == source_hash("secret", other)) == same


def test_a_source_can_not_be_guessed_without_the_secret() -> None:
    assert source_hash("secret", "198.51.100.7") != source_hash("other", "198.51.100.7")
    assert "198" not in source_hash("secret", "198.51.100.7")
