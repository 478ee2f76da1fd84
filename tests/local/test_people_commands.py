"""`dearrep office`, `inbox` and `privacy`: what a person mends from the command line."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from shared.cli.inbox import inbox_group
from shared.cli.office import office_group
from shared.cli.organizer import organizer_group
from shared.cli.privacy import privacy_group
from shared.domain.identities import envelope_sender
from shared.errors import NotAllowed, NotFound
from shared.settings import Settings
from tests.factories import make_campaign, make_ring, write_letters
from tests.local.test_commands import environment, use
from tests.running import beat

MAILS = Path(__file__).parent.parent / "providers" / "mails"


@pytest.fixture(autouse=True)
def _stack(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, environment(settings))
    beat(engine, settings)
    make_campaign(engine)
    write_letters(engine, make_ring(settings), settings)


def run(group: click.Group, *words: str, typed: str = "") -> str:
    answer = CliRunner().invoke(group, words, input=typed, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def read(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_an_office_gets_another_address_and_its_held_letters_leave(engine: Engine) -> None:
    change(engine, "UPDATE office_holder SET email_failed_at = now()")
    change(engine, "UPDATE letter SET state = 'held', hold_reason = 'address_failing'")
    ocd_id = str(
        read(engine, "SELECT ocd_id FROM office JOIN letter ON letter.office_id = office.id WHERE letter.id = 1")
    )
    said = run(office_group, "address", ocd_id, "new@office.example", "--second", "two@office.example")
    # The log may stand before it.
    assert said.splitlines()[-1] == "Corrected. 1 letter leaves now."
    assert read(engine, "SELECT recipient_email FROM letter WHERE id = 1") == "new@office.example"
    assert run(office_group, "retry") == "1 letter leaves now.\n"
    with pytest.raises(NotFound, match="no-such-office"):
        run(office_group, "address", "no-such-office", "new@office.example")
    for wrong, words in ((["no address"], "name@example.org"), ([], "Give an address")):
        answer = CliRunner().invoke(office_group, ["address", ocd_id, *wrong])
        assert answer.exit_code == 2
        assert words in answer.output


def test_a_maildir_is_taken_in(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="maildir"):
        run(inbox_group, "read", str(tmp_path))
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    assert run(inbox_group, "read", str(tmp_path)) == "0 mails taken in.\n"
    to = envelope_sender(settings.secret_key, "letter", 1, settings.mail_domain)
    raw = f"Delivered-To: {to}\r\n".encode() + (MAILS / "answer.eml").read_bytes()
    (tmp_path / "new" / "1.x.host").write_bytes(raw)
    assert run(inbox_group, "read", str(tmp_path)).endswith("1 mail taken in.\n")
    assert read(engine, "SELECT envelope_recipient FROM receipt") == to


def test_a_person_is_erased_after_a_question(engine: Engine) -> None:
    answer = CliRunner().invoke(privacy_group, ["erase", "jamie@example.org"], input="n\n")
    assert answer.exit_code == 1
    assert read(engine, "SELECT first_name FROM submission") == "Jamie"
    assert "Deleted: 1 submission.\n" in run(privacy_group, "erase", "jamie@example.org", typed="y\n")
    assert read(engine, "SELECT first_name FROM submission") == ""


def test_the_machine_s_owner_switches_a_lost_second_step_off(engine: Engine) -> None:
    run(organizer_group, "password", "--email", "ana@example.org")
    change(engine, "UPDATE organizer SET totp_key = 'sealed'")
    assert "password alone" in run(organizer_group, "two-steps-off", "--email", "Ana@example.org")
    assert read(engine, "SELECT totp_key FROM organizer") == ""
    with pytest.raises(NotFound):
        run(organizer_group, "two-steps-off", "--email", "nobody@example.org")
