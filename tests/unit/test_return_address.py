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
    (HOST, "A"): ("93.184.216.34",),
    (HOST, "AAAA"): ("2606:2800:220:1::1",),
    ("backup.coop-ma.org", "A"): ("93.184.216.35",),
}


def ask(name: str, kind: RecordKind) -> Answer:
    return Answer(RECORDS.get((name, kind), ()))


def found(reaction: Reaction, reply: str = "") -> Finding:
    return check_mx(Sender(DOMAIN, "x.org"), ask, lambda _hosts: Offered(reaction, HOST, ADDRESS, reply))


def test_the_best_server_is_asked_first_with_all_its_addresses() -> None:
    asked: list[MailHost] = []
    check_mx(Sender(DOMAIN, "x.org"), ask, lambda hosts: asked.extend(hosts) or Offered(Reaction.ACCEPTED, "", ""))
    addresses = ("93.184.216.34", "2606:2800:220:1::1")
    assert asked == [MailHost(HOST, addresses), MailHost("backup.coop-ma.org", ("93.184.216.35",))]


def test_an_installation_that_expects_no_mail_says_so_without_a_fault() -> None:
    finding = check_mx(Sender(DOMAIN, "x.org"), ask)
    assert finding.light is Light.GREEN
    assert "Dear Rep isn't set up to receive mail: DEARREP_INBOUND_URL is empty" in finding.words


@pytest.mark.parametrize(
    ("reaction", "reply", "light", "words", "mend"),
    [
        (Reaction.ACCEPTED, "250 2.1.5 Ok", Light.GREEN, "takes mail to the return addresses", ""),
        (Reaction.RECIPIENT_REFUSED, RELAY, Light.RED, f"It said: {RELAY}", "relay_domains"),
        (
            Reaction.RECIPIENT_REFUSED,
            f"550 5.7.54 {ADDRESS} unable to relay",
            Light.RED,
            "rejects them",
            "relay_domains",
        ),
        (Reaction.RECIPIENT_REFUSED, UNKNOWN, Light.RED, f"It said: {UNKNOWN}", "recipient_delimiter = +"),
        (Reaction.RECIPIENT_REFUSED, "451 4.3.0 Temporary lookup failure", Light.AMBER, "refused to talk", "again"),
        (Reaction.SENDER_REFUSED, "550 5.7.1 No null sender", Light.RED, "rejects them", "MAIL FROM:<>"),
        (Reaction.CONNECTION_REFUSED, "", Light.RED, "refuses connections at port 25 from here", "Start it"),
        (Reaction.NO_CONNECTION, "", Light.AMBER, "Many hosting providers block", ADDRESS),
        (Reaction.TURNED_AWAY, "554 5.7.1 No service", Light.AMBER, "It said: 554 5.7.1 No service", "Check again"),
        (
            Reaction.RECIPIENT_REFUSED,
            "450 4.2.0 Greylisted by relay.coop-ma.org",
            Light.AMBER,
            "refused to talk",
            "again",
        ),
        (
            Reaction.RECIPIENT_REFUSED,
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            Light.AMBER,
            "closed the connection or refused to talk to us",
            "Check again later",
        ),
        (Reaction.RECIPIENT_REFUSED, "504 5.5.2 <x>: Helo command rejected", Light.AMBER, "refused to talk", "again"),
    ],
)
def test_what_an_answer_means(reaction: Reaction, reply: str, light: Light, words: str, mend: str) -> None:
    finding = found(reaction, reply)
    assert finding.light is light, finding
    assert words in finding.words
    assert mend in finding.mend


@pytest.mark.parametrize(
    "reply",
    [
        "530 5.7.0 Must issue a STARTTLS command first",
        "451 Temporary local problem - please try later",
        "450 4.7.1 Service unavailable, please retry",
        "450 4.1.1 User unknown for now",
        "452 4.2.2 Mailbox full",
        "421 4.7.0 Too many connections",
        "-1 hello",
        "550 5.7.23 rejected",
        "550 5.7.1 SPF validation failed",
        "550 5.7.25 The IP address sending this message does not have a PTR record setup",
        "550 5.7.26 rejected",
        "550 5.7.27 rejected",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
        "550 5.7.649 rejected",
        "550 192.0.2.1 is listed at dnsbl.sorbs.net",
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: cannot find your reverse hostname",
        "550 5.7.1 Mail from your server looks like spam",
        "550 5.0.0 Greylisted, try again later",
    ],
)
def test_distrust_of_this_machine_and_a_trouble_for_now_are_not_about_the_address(reply: str) -> None:
    for reaction in (Reaction.RECIPIENT_REFUSED, Reaction.SENDER_REFUSED):
        finding = found(reaction, reply)
        assert finding.light is Light.AMBER, finding
        assert f"It said: {reply}" in finding.words


@pytest.mark.parametrize(
    ("reply", "mend"),
    [
        (f"454 4.7.1 <{ADDRESS}>: Relay access denied", "virtual_mailbox_domains"),
        ("550 5.7.1 Relaying denied. Proper authentication required.", "virtual_mailbox_domains"),
        ("550 5.7.1 Relaying denied. IP name lookup failed [192.0.2.1]", "virtual_mailbox_domains"),
        (f"550 relaying to <{ADDRESS}> prohibited by administrator", "virtual_mailbox_domains"),
        ("530 5.7.1 Authentication required", "without a sign-in"),
        ("554 5.7.1 <>: Sender address rejected: Access denied", "MAIL FROM:<>"),
        ("550 5.7.1 Null sender rejected", "MAIL FROM:<>"),
        ("550 5.1.1 User unknown; see spamhaus", "recipient_delimiter"),
        ("550 5.1.1 <bounce+x@reputation.org>: User unknown", "recipient_delimiter"),
        (f"550 5.1.1 {ADDRESS.upper()} User unknown", "recipient_delimiter"),
        ("550 5.1.1 spf.greylist.coop-ma.org: User unknown", "recipient_delimiter"),
    ],
)
def test_a_refusal_of_ours_says_what_to_change(reply: str, mend: str) -> None:
    finding = found(Reaction.RECIPIENT_REFUSED, reply)
    assert finding.light is Light.RED, finding
    assert mend in finding.mend


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.1.1", "::1", "fd00::1", "fe80::1"])
def test_a_server_with_a_private_address_is_tried_and_could_be_better(address: str) -> None:
    def inside(name: str, kind: RecordKind) -> Answer:
        return Answer((address,)) if (name, kind) == (HOST, "A") else Answer((f"10 {HOST}",) * (kind == "MX"))

    offer = Offered(Reaction.ACCEPTED, HOST, ADDRESS, "250 ok")
    finding = check_mx(Sender(DOMAIN, "x.org"), inside, lambda _hosts: offer)
    assert finding.light is Light.AMBER
    assert f"{HOST} has a private address here. Servers elsewhere may not reach it." in finding.words


def test_who_accepted_that_there_is_no_server_has_not_accepted_that_it_refuses() -> None:
    missing = check_mx(Sender(DOMAIN, "x.org"), lambda _name, _kind: Answer())
    refused = found(Reaction.RECIPIENT_REFUSED, RELAY)
    assert faults_mark([missing]) != faults_mark([refused])
    assert faults_mark([refused]) == faults_mark([found(Reaction.RECIPIENT_REFUSED, f"{RELAY} (session 7)")])
