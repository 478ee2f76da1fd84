"""What our mail server answers to an offered bounce, in plain words: taken, refused, not to be tried, not expected."""

import pytest

from shared.domain.dns_answers import Answer, RecordKind
from shared.domain.sender_domain import Finding, Light, Sender, faults_mark
from shared.domain.sender_domain.places import check_mx
from shared.domain.sender_domain.return_address import MailHost, Offered, Reaction

DOMAIN, HOST = "letters.coop-ma.org", "mail.coop-ma.org"
ADDRESS = f"bounce+l12-aaaabbbbccccdddd@{DOMAIN}"
RELAY = f"454 4.7.1 <{ADDRESS}>: Relay access denied"
UNKNOWN = f"550 5.1.1 <{ADDRESS}>: Recipient address rejected: User unknown in virtual mailbox table"
RECORDS = {
    (DOMAIN, "MX"): ("20 backup.coop-ma.org", f"10 {HOST}"),
    (HOST, "A"): ("127.0.0.1",),
    (HOST, "AAAA"): ("::1",),
    ("backup.coop-ma.org", "A"): ("127.0.0.2",),
}


def ask(name: str, kind: RecordKind) -> Answer:
    return Answer(RECORDS.get((name, kind), ()))


def found(reaction: Reaction, reply: str = "") -> Finding:
    return check_mx(Sender(DOMAIN, "x.org"), ask, lambda _hosts: Offered(reaction, HOST, ADDRESS, reply))


def test_the_best_server_is_asked_first_with_all_its_addresses() -> None:
    asked: list[MailHost] = []
    check_mx(Sender(DOMAIN, "x.org"), ask, lambda hosts: asked.extend(hosts) or Offered(Reaction.ACCEPTED, "", ""))
    assert asked == [MailHost(HOST, ("127.0.0.1", "::1")), MailHost("backup.coop-ma.org", ("127.0.0.2",))]


def test_an_installation_that_expects_no_mail_says_so_without_a_fault() -> None:
    finding = check_mx(Sender(DOMAIN, "x.org"), ask)
    assert finding.light is Light.GREEN
    assert "This installation expects none of them" in finding.words


@pytest.mark.parametrize(
    ("reaction", "reply", "light", "words", "mend"),
    [
        (Reaction.ACCEPTED, "250 2.1.5 Ok", Light.GREEN, "takes mail to the return addresses", ""),
        (Reaction.RECIPIENT_REFUSED, RELAY, Light.RED, f"It said: {RELAY}", "relay_domains"),
        (Reaction.RECIPIENT_REFUSED, f"550 5.7.54 {ADDRESS} unable to relay", Light.RED, "refuses", "relay_domains"),
        (Reaction.RECIPIENT_REFUSED, UNKNOWN, Light.RED, f"It said: {UNKNOWN}", "recipient_delimiter = +"),
        (Reaction.RECIPIENT_REFUSED, "451 4.3.0 Temporary lookup failure", Light.RED, "refuses", "bounce@letters"),
        (Reaction.SENDER_REFUSED, "550 5.7.1 No null sender", Light.RED, "refuses", "MAIL FROM:<>"),
        (Reaction.CONNECTION_REFUSED, "", Light.RED, "no mail server listens there", "Start it"),
        (Reaction.NO_CONNECTION, "", Light.AMBER, "Many hosting providers block", ADDRESS),
        (Reaction.TURNED_AWAY, "554 5.7.1 No service", Light.AMBER, "It said: 554 5.7.1 No service", "Check again"),
        (Reaction.RECIPIENT_REFUSED, "450 4.2.0 Greylisted by relay.coop-ma.org", Light.AMBER, "turned us", "again"),
        (
            Reaction.RECIPIENT_REFUSED,
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            Light.AMBER,
            "turned us away",
            "Check again later",
        ),
        (Reaction.RECIPIENT_REFUSED, "504 5.5.2 <x>: Helo command rejected", Light.AMBER, "turned us away", "again"),
    ],
)
def test_what_an_answer_means(reaction: Reaction, reply: str, light: Light, words: str, mend: str) -> None:
    finding = found(reaction, reply)
    assert finding.light is light, finding
    assert words in finding.words
    assert mend in finding.mend


def test_who_accepted_that_there_is_no_server_has_not_accepted_that_it_refuses() -> None:
    missing = check_mx(Sender(DOMAIN, "x.org"), lambda _name, _kind: Answer())
    refused = found(Reaction.RECIPIENT_REFUSED, RELAY)
    assert faults_mark([missing]) != faults_mark([refused])
    assert faults_mark([refused]) == faults_mark([found(Reaction.RECIPIENT_REFUSED, f"{RELAY} (session 7)")])
