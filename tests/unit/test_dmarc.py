"""DMARC as RFC 9989 has it: the record that counts, found by walking up DNS, and what its tags mean."""

from collections.abc import Mapping

import pytest

from shared.domain.dns_answers import SILENT, Answer, RecordKind
from shared.domain.sender_domain import Finding, Light
from shared.domain.sender_domain.dmarc import check_dmarc

DOMAIN = "letters.coop-ma.org"
REJECT, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=none"


class Zone:
    """DMARC records by their domain. `silent` names get no answer; a domain that is `alive` has an MX record."""

    def __init__(self, records: Mapping[str, str | tuple[str, ...]], silent: str = "", alive: str = DOMAIN) -> None:
        self.records, self.silent, self.alive = records, silent, alive
        self.asked: list[str] = []

    def ask(self, name: str, kind: RecordKind) -> Answer:
        if kind != "TXT":
            return Answer(("10 mail.coop-ma.org",) if name == self.alive and kind == "MX" else ())
        self.asked.append(name)
        found = self.records.get(name.removeprefix("_dmarc."), ())
        return SILENT if name == self.silent else Answer((found,) if isinstance(found, str) else found)


def found(records: Mapping[str, str | tuple[str, ...]], domain: str = DOMAIN, **zone: str) -> Finding:
    return check_dmarc(domain, Zone(records, **zone).ask)


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        (DOMAIN, [DOMAIN, "coop-ma.org", "org"]),
        (
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",
            [
                "a.b.c.d.e.f.g.h.i.j.mail.example.com",
                "g.h.i.j.mail.example.com",
                "h.i.j.mail.example.com",
                "i.j.mail.example.com",
                "j.mail.example.com",
                "mail.example.com",
                "example.com",
                "com",
            ],
        ),
        ("a.b.c.d.e.mail.example.com", ["a.b.c.d.e.mail.example.com", "b.c.d.e.mail.example.com"]),
    ],
)
def test_the_walk_goes_up_to_the_top_in_at_most_eight_queries(domain: str, names: list[str]) -> None:
    zone = Zone({})
    check_dmarc(domain, zone.ask)
    walked = list(dict.fromkeys(zone.asked))
    assert walked[: len(names)] == [f"_dmarc.{name}" for name in names]
    assert walked[-1] == f"_dmarc.{domain.rpartition('.')[2]}"
    assert len(walked) <= 8


def test_case_and_a_final_dot_mean_nothing() -> None:
    assert found({DOMAIN: REJECT}, "Letters.Coop-MA.org.").words == found({DOMAIN: REJECT}).words


def test_the_domains_own_record_ends_the_walk() -> None:
    zone = Zone({DOMAIN: REJECT, "coop-ma.org": NONE})
    assert check_dmarc(DOMAIN, zone.ask).light is Light.GREEN
    assert zone.asked == [f"_dmarc.{DOMAIN}"]


@pytest.mark.parametrize(
    ("records", "whose"),
    [
        # The organization's, which is the highest one, and not the next one.
        ({"b.coop-ma.org": NONE, "coop-ma.org": REJECT}, "coop-ma.org"),
        ({"b.coop-ma.org": f"{REJECT}; psd=n", "coop-ma.org": NONE}, "b.coop-ma.org"),
        ({"coop-ma.org": REJECT, "org": "v=DMARC1; p=none; psd=y"}, "coop-ma.org"),
        # An organization without a record has that of its public suffix; one in between counts for nobody below.
        ({"org": f"{REJECT}; psd=y"}, "org"),
        ({"b.coop-ma.org": NONE, "org": f"{REJECT}; psd=y"}, "org"),
        # Several at one name are none.
        ({"b.coop-ma.org": (NONE, NONE), "coop-ma.org": REJECT}, "coop-ma.org"),
        # Without psd=y a record at a top-level domain is like any other.
        ({"coop-ma.org": NONE, "org": REJECT}, "org"),
    ],
)
def test_whose_policy_counts(records: Mapping[str, str | tuple[str, ...]], whose: str) -> None:
    finding = found(records, "a.b.coop-ma.org", alive="a.b.coop-ma.org")
    assert finding.name == f"_dmarc.{whose}"
    assert f"The record is at {whose} and also applies to a.b.coop-ma.org." in finding.words
    assert finding.light is Light.GREEN


@pytest.mark.parametrize("silent", [DOMAIN, "coop-ma.org", "org"])
def test_silence_on_the_way_is_not_no_record(silent: str) -> None:
    assert found({}, silent=f"_dmarc.{silent}").light is Light.SILENT


@pytest.mark.parametrize(
    ("alive", "record", "light"),
    [
        (DOMAIN, "v=DMARC1; p=reject; sp=none; np=reject", Light.AMBER),
        ("", "v=DMARC1; p=none; sp=none; np=reject", Light.GREEN),
        ("", "v=DMARC1; p=none; sp=reject", Light.GREEN),
        ("", "v=DMARC1; p=reject", Light.GREEN),
    ],
)
def test_a_domain_that_does_not_exist_has_a_policy_of_its_own(alive: str, record: str, light: Light) -> None:
    assert found({"coop-ma.org": record}, alive=alive).light is light


@pytest.mark.parametrize(
    ("record", "light", "words"),
    [
        ("v=DMARC1; p=reject; np=reject; psd=n; t=n", Light.GREEN, "refuse forged letters"),
        ("v = DMARC1 ;p= Reject;fo=1; unheard-of=1; x", Light.GREEN, "refuse forged letters"),
        ("v=DMARC1; sp=none; rua=mailto:a@b.org; p=quarantine", Light.GREEN, "treat forged letters as spam"),
        ("v=DMARC1; p=reject; t=y", Light.AMBER, "treat forged letters as spam. Its policy is reject, but t=y"),
        ("v=DMARC1; p=quarantine; t=y", Light.AMBER, "do nothing against forged letters"),
        ("v=DMARC1; p=none; t=y", Light.AMBER, "enough to begin with"),
        ("v=DMARC1; p=reject; pct=100; rf=afrf; ri=86400", Light.GREEN, "ignore pct, rf, ri."),
        (
            "v=DMARC1; p=reject; pct=20",
            Light.AMBER,
            "ignore pct. They apply the policy to every letter. Older receivers still follow pct.",
        ),
        ("v=DMARC1; rua=mailto:a@b.org", Light.AMBER, "It names no policy, which means none."),
        ("v=DMARC1", Light.AMBER, "It names no policy"),
        ("v=DMARC1; p=maybe; rua=mailto:a@b.org", Light.AMBER, "take it as none"),
        ("v=DMARC1; p=reject; sp=maybe", Light.RED, "can't read its policy “maybe”"),
        ("v=DMARC1; p=reject; np=maybe", Light.RED, "can't read its policy “maybe”"),
        ("v=DMARC1; p=reject; psd=y", Light.AMBER, "psd=y is only for registries, such as the operator of .org."),
        ("v=dmarc1; p=reject", Light.RED, "begins with v=DMARC1"),
        ("v=DMARC12; p=reject", Light.RED, "begins with v=DMARC1"),
        (" v=DMARC1; p=reject", Light.RED, "begins with v=DMARC1; (capitals, semicolon, no quotes)."),
        ('"v=DMARC1; p=reject"', Light.RED, "no quotes"),
        ("v=spf1 include:_spf.dmarcian.com -all", Light.RED, "No DMARC record"),
        ("v=DMARC1; p=reject; p=none", Light.RED, "p= occurs more than once"),
        ("v=DMARC1; p=reject; P=reject", Light.RED, "p= occurs more than once"),
        ("v=DMARC1; p=reject\u00a0", Light.RED, "can't read its policy"),
        ("v=DMARC1;\u00a0p=reject", Light.AMBER, "It names no policy"),
        ("v=DMARC1;\tp = reject ;", Light.GREEN, "refuse forged letters"),
        ("p=reject; v=DMARC1", Light.RED, "begins with v=DMARC1"),
    ],
)
def test_tags(record: str, light: Light, words: str) -> None:
    finding = found({DOMAIN: record})
    assert finding.light is light, finding
    assert words in finding.words
    assert finding.found == (() if "No DMARC" in words else (record,))


def test_a_stricter_record_keeps_what_was_in_it() -> None:
    finding = found({DOMAIN: "v=DMARC1; p=none; rua=mailto:a@b.org;"})
    assert finding.value == "v=DMARC1; p=quarantine; rua=mailto:a@b.org"
