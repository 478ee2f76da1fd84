"""Where mail and people find us: the server for bounces and answers, and the address of the pages."""

from ipaddress import ip_address

from shared.domain.dns_answers import Ask
from shared.domain.sender_domain.findings import Finding, Light, Sender, addresses_of, is_reserved, silence
from shared.domain.sender_domain.return_address import ABOUT_MX, MailHost, OfferBounce, check_return_address

_MOST_TARGETS = 3


def check_mx(sender: Sender, ask: Ask, offer: OfferBounce | None = None) -> Finding:
    """Bounces go to the envelope sender, answers to the sender of a letter: both are at the domain.

    Where mail is expected, `offer` tries whether the servers take it.
    """
    about, domain = ABOUT_MX, sender.domain
    answer = ask(domain, "MX")
    if answer.is_silent:
        return silence(about, domain)
    targets = [value.split()[-1].rstrip(".") for value in sorted(answer.values, key=_preference)]
    create = ("MX", f"10 {sender.public_host}" if "." in sender.public_host else "")
    if not targets:
        words = (
            "No MX record, so bounces and answers find no server. Letters that come back look as if they had arrived."
        )
        return Finding(about, Light.RED, words, domain, (), "Create it, with the name of your mail server:", *create)
    if targets == [""]:
        words = "The record says that this domain takes no mail, so bounces and answers are lost."
        return Finding(about, Light.RED, words, domain, answer.values, "Replace it by your mail server:", *create)
    hosts = []
    for target in targets[:_MOST_TARGETS]:
        found = [ask(target, "A"), ask(target, "AAAA")]
        if addresses := tuple(value for one in found for value in one.values):
            hosts.append(MailHost(target, addresses))
            continue
        if any(one.is_silent for one in found):
            return silence(about, target)
        words = f"It names {target}, which has no address."
        return Finding(about, Light.RED, words, domain, answer.values, "Mend the name, or give that name an address.")
    return check_return_address(domain, answer.values, hosts, offer)


def _preference(record: str) -> int:
    return int(record.split(maxsplit=1)[0])


def check_site(sender: Sender, ask: Ask) -> Finding:
    """Letters and emails hold links to the pages."""
    about, host = "Address of the pages", sender.public_host
    if "." not in host or is_reserved(host) or _is_local(host):
        words = f"The pages are at “{host}”, which others can't open. Links in letters and emails would lead nowhere."
        mend = "Whoever runs the server sets DEARREP_PUBLIC_URL to where people reach the pages."
        return Finding(about, Light.AMBER, words, host, mend=mend)
    if addresses_of(host, ask):
        return Finding(about, Light.GREEN, "Links in letters and emails lead to it.", host, addresses_of(host, ask))
    if any(ask(host, kind).is_silent for kind in ("A", "AAAA")):
        return silence(about, host)
    words = "This name has no address, so links in letters and emails lead nowhere."
    return Finding(about, Light.RED, words, host, (), "Create it with the public address of this server.", "A")


def _is_local(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False
