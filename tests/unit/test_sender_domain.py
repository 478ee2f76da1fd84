"""What DNS says about the sender domain, in plain words: each record missing, wrong, weak, right, and unanswered."""

import base64
from collections.abc import Mapping

import pytest

from shared.domain.dns_answers import SILENT, Answer, Ask, RecordKind
from shared.domain.sender_domain import Finding, Light, Sender, examine_sender, faults, faults_mark, worst

DOMAIN = "letters.coop-ma.org"
KEY = f"v=DKIM1; k=rsa; p={base64.b64encode(b'k' * 294).decode()}"
SHORT = f"v=DKIM1; p={base64.b64encode(b'k' * 162).decode()}"
GOOD: Mapping[tuple[str, str], tuple[str, ...]] = {
    (DOMAIN, "TXT"): ("some-proof=1", "v=spf1 a:mail.coop-ma.org -all"),
    ("mail._domainkey." + DOMAIN, "TXT"): (KEY,),
    ("_dmarc." + DOMAIN, "TXT"): ("v=DMARC1; p=reject",),
    (DOMAIN, "MX"): ("10 mail.coop-ma.org",),
    ("mail.coop-ma.org", "A"): ("93.184.216.34",),
    ("write.coop-ma.org", "AAAA"): ("2606:2800:220:1::1",),
}
SENDER = Sender(DOMAIN, "write.coop-ma.org", "mail.coop-ma.org")


def zone(changes: Mapping[tuple[str, str], tuple[str, ...] | None] | None = None, silent: str = "") -> Ask:
    """A name server that has the good records but for the changes; names that hold `silent` get no answer."""
    records = {**GOOD, **(changes or {})}

    def ask(name: str, kind: RecordKind) -> Answer:
        return SILENT if silent and silent in name else Answer(records.get((name, kind)) or ())

    return ask


def found(about: str, ask: Ask, sender: Sender = SENDER) -> Finding:
    return next(one for one in examine_sender(sender, ask) if one.about.startswith(about))


def test_all_is_green() -> None:
    findings = examine_sender(SENDER, zone())
    assert [one.light for one in findings] == [Light.GREEN] * 5, findings
    assert worst(findings) is Light.GREEN
    assert faults(findings) == []


@pytest.mark.parametrize(
    ("record", "light", "words", "create"),
    [
        ((), Light.RED, "No SPF record", "v=spf1 a:mail.coop-ma.org -all"),
        (("v=spf1 mx -all", "v=spf1 -all"), Light.RED, "several SPF records", ""),
        (("v=spf1 +all",), Light.RED, "every server in the world", "v=spf1 -all"),
        (("v=spf1 ip4:93.184.216.0/24 ?all",), Light.AMBER, "does not say that others may not", "-all"),
        (
            ("v=spf1 ip4:8.8.8.8 -all",),
            Light.RED,
            "does not let mail.coop-ma.org",
            "ip4:8.8.8.8 a:mail.coop-ma.org -all",
        ),
        (("v=spf1 -ip4:93.184.216.34 a:mail.coop-ma.org -all",), Light.RED, "does not let", ""),
        (("v=spf1 mx ~all",), Light.GREEN, "mail.coop-ma.org is among them", ""),
        (("v=spf1 include:nowhere.org mx -all",), Light.RED, "nowhere.org, which has no SPF record", ""),
        (("v=spf1 ip4:93.184.216 -all",), Light.RED, "is no network address", ""),
        (("v=spf1 " + "a:x.org " * 11 + "-all",), Light.RED, "stop after 10", ""),
    ],
)
def test_spf(record: tuple[str, ...], light: Light, words: str, create: str) -> None:
    finding = found("SPF", zone({(DOMAIN, "TXT"): record}))
    assert finding.light is light, finding
    assert words in finding.words
    assert create in finding.value
    assert bool(finding.kind) == bool(finding.value)


def test_spf_follows_includes_and_stops_at_a_circle() -> None:
    around = {
        (DOMAIN, "TXT"): ("v=spf1 include:spf.coop-ma.org ~all",),
        ("spf.coop-ma.org", "TXT"): ("v=spf1 redirect=_all.coop-ma.org",),
        ("_all.coop-ma.org", "TXT"): ("v=spf1 ip4:93.184.216.34 -all",),
    }
    assert found("SPF", zone(around)).light is Light.GREEN
    circle = {**around, ("_all.coop-ma.org", "TXT"): (f"v=spf1 include:{DOMAIN} -all",)}
    assert found("SPF", zone(circle)).light is Light.RED


def test_a_mail_service_is_known_by_its_servers_name() -> None:
    ses = Sender(DOMAIN, "write.coop-ma.org", "email-smtp.us-east-1.amazonaws.com", ("abc",))
    spf, dkim = found("SPF", zone(), ses), found("DKIM", zone(), ses)
    assert (spf.light, spf.value) == (Light.AMBER, "v=spf1 a:mail.coop-ma.org include:amazonses.com -all")
    assert (dkim.light, dkim.kind, dkim.value) == (Light.RED, "CNAME", "abc.dkim.amazonses.com")
    named = {(DOMAIN, "TXT"): ("v=spf1 include:amazonses.com -all",), ("amazonses.com", "TXT"): ("v=spf1 -all",)}
    assert found("SPF", zone(named), ses).light is Light.GREEN


def test_a_relay_next_door_has_no_address_to_compare() -> None:
    assert found("SPF", zone(), Sender(DOMAIN, "x.org", "127.0.0.1")).light is Light.AMBER


@pytest.mark.parametrize(
    ("record", "light", "words"),
    [
        ((), Light.RED, "No key under the usual names"),
        (("v=DKIM1; p=",), Light.RED, "withdrawn"),
        (("v=DKIM1; p=abc",), Light.RED, "not complete"),
        ((f"{KEY}\u00a0",), Light.RED, "not complete"),
        ((f"{KEY}; p=",), Light.RED, "p= occurs more than once"),
        ((KEY, SHORT), Light.RED, "several keys"),
        ((SHORT,), Light.AMBER, "shorter than 2048"),
        ((f"{KEY}; t=y",), Light.AMBER, "marked as a test"),
        (("v=DKIM1; k=ed25519; p=" + "A" * 44,), Light.GREEN, "can check"),
    ],
)
def test_dkim(record: tuple[str, ...], light: Light, words: str) -> None:
    finding = found("DKIM", zone({(f"mail._domainkey.{DOMAIN}", "TXT"): record}))
    assert finding.light is light
    assert words in finding.words


@pytest.mark.parametrize(
    ("own", "above", "light", "words"),
    [
        ((), (), Light.RED, "No DMARC record"),
        (("v=DMARC1; p=none",), (), Light.AMBER, "enough to begin with"),
        (("v=DMARC1; p=quarantine",), (), Light.GREEN, "treat forged letters as spam"),
        (("v=DMARC1; p=maybe",), (), Light.RED, "can't read its policy “maybe”"),
        (("v=DMARC1; p=none", "v=DMARC1; p=none"), (), Light.RED, "several records"),
        ((), ("v=DMARC1; p=reject; sp=none",), Light.AMBER, "The record is at coop-ma.org"),
        ((), ("v=DMARC1; p=reject; adkim=s",), Light.GREEN, "must sign with exactly this domain"),
    ],
)
def test_dmarc(own: tuple[str, ...], above: tuple[str, ...], light: Light, words: str) -> None:
    finding = found("DMARC", zone({(f"_dmarc.{DOMAIN}", "TXT"): own, ("_dmarc.coop-ma.org", "TXT"): above}))
    assert finding.light is light
    assert words in finding.words


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ((), "No MX record"),
        (("0 .",), "takes no mail"),
        (("10 gone.coop-ma.org",), "gone.coop-ma.org, which has no address"),
    ],
)
def test_mx(records: tuple[str, ...], words: str) -> None:
    finding = found("MX", zone({(DOMAIN, "MX"): records}))
    assert finding.light is Light.RED
    assert words in finding.words


@pytest.mark.parametrize(
    ("changes", "words", "mend"),
    [
        ({(DOMAIN, "MX"): ("0 .", "10 mail.coop-ma.org")}, "It also says “0 .”", "Remove “0 .”."),
        (
            {(DOMAIN, "MX"): ("5 gone.coop-ma.org", "10 mail.coop-ma.org")},
            "It also names gone.coop-ma.org, which has no address.",
            "Correct the name",
        ),
        (
            {(DOMAIN, "MX"): (), (DOMAIN, "A"): ("93.184.216.34",)},
            f"No MX record, so servers try the address of {DOMAIN} itself.",
            "Create it",
        ),
    ],
)
def test_mx_that_works_and_could_be_better(
    changes: Mapping[tuple[str, str], tuple[str, ...]], words: str, mend: str
) -> None:
    finding = found("MX", zone(changes))
    assert finding.light is Light.AMBER, finding
    assert words in finding.words
    assert mend in finding.mend
    assert bool(finding.kind) == bool(finding.value)


def test_pages_need_an_address_that_others_can_open() -> None:
    assert found("Address", zone({("write.coop-ma.org", "AAAA"): ()})).light is Light.RED
    for host in ("127.0.0.1", "localhost", "10.0.0.7"):
        assert found("Address", zone(), Sender(DOMAIN, host)).light is Light.AMBER


@pytest.mark.parametrize("name", [DOMAIN, "_domainkey", "_dmarc", "mail.coop-ma.org", "write."])
def test_no_answer_is_not_no_record(name: str) -> None:
    findings = examine_sender(SENDER, zone(silent=name))
    silent = [one for one in findings if one.light is Light.SILENT]
    assert silent
    assert all("did not answer" in one.words for one in silent)
    assert not [one for one in findings if one.light is Light.RED]
    assert worst(findings) is Light.SILENT


def test_the_domain_of_the_examples_is_nobodys() -> None:
    (finding,) = examine_sender(Sender("letters.example", "127.0.0.1"), zone())
    assert finding.light is Light.RED
    assert "DEARREP_MAIL_DOMAIN" in finding.mend


def test_other_faults_have_another_mark() -> None:
    one, two = (examine_sender(SENDER, zone({(DOMAIN, kind): ()})) for kind in ("MX", "TXT"))
    assert faults_mark(one) == faults_mark(examine_sender(SENDER, zone({(DOMAIN, "MX"): ()})))
    assert faults_mark(one) != faults_mark(two)
