"""The adapter to DNS, against a real name server on this machine: records, none, and no answer within its time."""

import time

import pytest

from shared.domain.dns_answers import SILENT, Answer
from shared.errors import SettingsError
from shared.providers.name_servers import NameServers
from shared.settings import read_dns_servers
from tests.name_server import LoopbackNameServer

RECORDS = {
    ("coop-ma.org", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("coop-ma.org", "MX"): ["10 mail.coop-ma.org."],
    ("null.org", "MX"): ["0 ."],
    ("mail.coop-ma.org", "AAAA"): ["2001:db8::1"],
}


def test_records_none_and_silence_are_three_things() -> None:
    with LoopbackNameServer(RECORDS, silent={"silent.org"}, failing={"failing.org"}) as server:
        dns = NameServers((server.address,), seconds=1.0)
        assert set(dns.ask("Coop-MA.org.", "TXT").values) == {"v=spf1 -all", "other"}
        assert dns.ask("coop-ma.org", "MX") == Answer(("10 mail.coop-ma.org",))
        assert dns.ask("null.org", "MX") == Answer(("0 .",))
        assert dns.ask("mail.coop-ma.org", "AAAA") == Answer(("2001:db8::1",))
        assert dns.ask("mail.coop-ma.org", "A") == Answer()
        assert dns.ask("nowhere.org", "TXT") == Answer()
        assert dns.ask("a..b", "TXT") == SILENT
        dns.ask("coop-ma.org", "MX")
        assert server.asked.count(("coop-ma.org", "MX")) == 1
        assert dns.ask("failing.org", "TXT") == SILENT


def test_what_can_not_be_stored_is_shown_as_such() -> None:
    records = {("coop-ma.org", "TXT"): [r'" v=DMARC1;\000p=none\010\027[31m\226\128\174\194\160"']}
    with LoopbackNameServer(records) as server:
        (found,) = NameServers((server.address,), seconds=1.0).ask("coop-ma.org", "TXT").values
    assert found == " v=DMARC1;\ufffdp=none\ufffd\ufffd[31m\ufffd\u00a0"


@pytest.mark.parametrize("name", ["", "a..b", "\ud800.org", "x" * 70 + "ü.org", "a\x00b.org", "bücher.org"])
def test_no_name_raises(name: str) -> None:
    with LoopbackNameServer(RECORDS) as server:
        assert NameServers((server.address,), seconds=1.0).ask(name, "TXT").values == ()


def test_all_questions_together_keep_the_time() -> None:
    with LoopbackNameServer(RECORDS, silent={"silent.org"}) as server:
        began = time.monotonic()
        dns = NameServers((server.address,), seconds=0.4)
        assert [dns.ask("silent.org", kind) for kind in ("TXT", "MX", "A")] == [SILENT] * 3
        assert dns.ask("coop-ma.org", "TXT") == SILENT
        assert time.monotonic() - began < 1.5


def test_the_setting_names_its_wrong_part() -> None:
    assert read_dns_servers(" 9.9.9.9, 127.0.0.1:5353 , [::1]:53, ::1") == (
        ("9.9.9.9", 53),
        ("127.0.0.1", 5353),
        ("::1", 53),
        ("::1", 53),
    )
    with pytest.raises(SettingsError, match=r"“dns\.example”"):
        read_dns_servers("9.9.9.9, dns.example")
