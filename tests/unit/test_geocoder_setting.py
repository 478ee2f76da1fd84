"""A wrong DEARREP_GEOCODERS stops every process at its start, with the part that is wrong and what would be right."""

import pytest
from click.testing import CliRunner

from shared.cli import stack
from shared.cli.doctor import doctor_command
from shared.errors import SettingsError
from shared.providers.geocoders import choose_geocoders
from shared.settings import from_env, read_geocoders

ENV = {
    "DATABASE_URL": "postgresql://db.example/dearrep",
    "REDIS_URL": "redis://broker.example",
    "DEARREP_SECRET_KEY": "0123456789abcdef" * 4,
}


def test_names_are_read_in_order() -> None:
    text = " Census , geocodio = K=1 ,, photon=http://127.0.0.1:2322,pelias=https://p.example "
    read = read_geocoders(text)
    assert read == (
        ("census", ""),
        ("geocodio", "K=1"),
        ("photon", "http://127.0.0.1:2322"),
        ("pelias", "https://p.example"),
    )
    assert [geocoder.name for geocoder in choose_geocoders(text)] == [name for name, _ in read]
    assert from_env({**ENV, "DEARREP_GEOCODERS": text}).geocoders == text.strip()
    assert read_geocoders("") == ()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("census, google=SECRET", "part 2 (“google”) is none that we know"),
        ("geocodio:SECRET", "part 1 (“geocodio”) is none that we know"),
        ("census,geocodio=", "part 2 (“geocodio”) lacks its KEY"),
        ("nominatim", "part 1 (“nominatim”) lacks its URL"),
        ("census,,photon=photon.example", "part 3 (“photon”) needs an address that starts with http"),
        ("pelias=https://", "part 1 (“pelias”) needs an address"),
        ("pelias=https://p.example:port", "part 1 (“pelias”) needs an address"),
        ("census=true", "part 1 (“census”) needs an address"),
    ],
)
def test_the_wrong_part_is_named_and_no_key(text: str, part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_env({**ENV, "DEARREP_GEOCODERS": text})
    words = str(caught.value)
    assert words.startswith(f"DEARREP_GEOCODERS: {part}")
    assert "census, geocodio=KEY, nominatim=URL, photon=URL, pelias=URL" in words
    assert "SECRET" not in words


def test_the_doctor_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "process_environment", lambda: {**ENV, "DEARREP_GEOCODERS": "google"})
    result = CliRunner().invoke(doctor_command)
    assert isinstance(result.exception, SettingsError)
