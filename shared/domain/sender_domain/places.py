"""Where mail and people find us: the server for bounces and answers, and the address of the pages."""

from dataclasses import replace
from ipaddress import ip_address

from shared.domain.dns_answers import Answer, Ask
from shared.domain.sender_domain.findings import Finding, Light, Sender, addresses_of, is_reserved, silence
from shared.domain.sender_domain.return_address import ABOUT_MX, MailHost, OfferBounce, check_return_address

# So many servers are tried, of so many names at most.
_MOST_HOSTS = 3
_MOST_NAMES = 5
_MEND_NAME = "Correct the name, or give that name an address."


def check_mx(sender: Sender, ask: Ask, offer: OfferBounce | None = None) -> Finding:
    """Bounces go to the envelope sender, answers to the sender of a letter: both are at the domain.

    Where mail is expected, `offer` tries whether the servers take it.
    """
    about, domain = ABOUT_MX, sender.domain
    answer = ask(domain, "MX")
    if answer.is_silent:
        return silence(about, domain)
    if not answer.values:
        return _without_mx(sender, ask, offer)
    names = [value.split()[-1].rstrip(".") for value in sorted(answer.values, key=_preference)]
    if not any(names):
        words = "The record says that this domain takes no mail, so bounces and answers are lost."
        mend = "Replace it with your mail server:"
        return Finding(about, Light.RED, words, domain, answer.values, mend, "MX", _own_server(sender))
    found = {name: _addresses(name, ask) for name in names[:_MOST_NAMES] if name}
    if silent := next((name for name, one in found.items() if one.is_silent), ""):
        return silence(about, silent)
    hosts = [MailHost(name, one.values) for name, one in found.items() if one.values][:_MOST_HOSTS]
    dead = [name for name, one in found.items() if not one.values]
    if not hosts:
        words = f"It names {dead[0]}, which has no address."
        return Finding(about, Light.RED, words, domain, answer.values, _MEND_NAME)
    finding = check_return_address(domain, answer.values, hosts, offer)
    if dead:
        finding = _weakened(finding, f"It also names {dead[0]}, which has no address.", _MEND_NAME)
    if "" in names:
        words = "It also says “0 .”, which means that this domain takes no mail."
        finding = _weakened(finding, words, "Remove “0 .”.")
    return finding


def _without_mx(sender: Sender, ask: Ask, offer: OfferBounce | None) -> Finding:
    """Servers then try the addresses of the domain itself (RFC 5321)."""
    about, domain = ABOUT_MX, sender.domain
    own, create = _addresses(domain, ask), "Create it, with the name of your mail server:"
    if own.is_silent:
        return silence(about, domain)
    if not own.values:
        words = "No MX record, so bounces and answers find no server. "
        words += "Letters that come back look as if they had arrived."
        return Finding(about, Light.RED, words, domain, (), create, "MX", _own_server(sender))
    finding = check_return_address(domain, (), [MailHost(domain, own.values)], offer)
    words = f"No MX record, so servers try the address of {domain} itself. {finding.words}"
    if finding.light is Light.RED:
        return replace(finding, words=words)
    return replace(finding, light=Light.AMBER, words=words, mend=create, kind="MX", value=_own_server(sender))


def _weakened(finding: Finding, words: str, mend: str) -> Finding:
    """The finding with one more thing that could be better."""
    light = Light.AMBER if finding.light is Light.GREEN else finding.light
    return replace(finding, light=light, words=f"{finding.words} {words}", mend=f"{finding.mend} {mend}".lstrip())


def _addresses(name: str, ask: Ask) -> Answer:
    """Those of a name, of both kinds; silent if it has none as far as DNS answered, and DNS did not answer for one."""
    found = [ask(name, "A"), ask(name, "AAAA")]
    values = tuple(value for one in found for value in one.values)
    return Answer(values, is_silent=not values and any(one.is_silent for one in found))


def _own_server(sender: Sender) -> str:
    return f"10 {sender.public_host}" if "." in sender.public_host else ""


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
