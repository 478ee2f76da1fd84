"""SPF: which servers may send for the domain, and whether our relay is one of them."""

from ipaddress import ip_address

from shared.domain.dns_answers import Ask
from shared.domain.sender_domain.findings import Finding, Light, Sender, addresses_of, silence
from shared.domain.sender_domain.spf_record import Spf, read_spf, with_term

_ABOUT = "SPF"


def check_spf(sender: Sender, ask: Ask) -> Finding:
    """The domain is that of the envelope sender too, which is what SPF is about."""
    addresses = () if sender.service else addresses_of(sender.relay_host, ask)
    spf, passes = read_spf(ask, sender.domain, tuple(one for one in addresses if ip_address(one).is_global))
    term = _spf_term(sender, addresses)
    if spf.is_silent and not spf.problem:
        return silence(_ABOUT, sender.domain)
    if not spf.records:
        return _no_record(sender, term)
    light, words, mend, value = _judge(sender, spf, addresses, term, passes=passes)
    return Finding(_ABOUT, light, words, sender.domain, spf.records, mend, "TXT" if value else "", value)


def _no_record(sender: Sender, term: str) -> Finding:
    words = "No SPF record. Nobody says which servers may send for this domain, so receivers distrust all of them."
    if not term:
        mend = "What belongs into it follows from the mail relay: set that first."
        return Finding(_ABOUT, Light.RED, words, sender.domain, mend=mend)
    return Finding(_ABOUT, Light.RED, words, sender.domain, (), "Create it:", "TXT", f"v=spf1 {term} -all")


def _judge(
    sender: Sender, spf: Spf, addresses: tuple[str, ...], term: str, *, passes: bool
) -> tuple[Light, str, str, str]:
    """Light, words, how to mend it, and the record to put in its place."""
    record, host = spf.records[0], sender.relay_host
    if spf.problem:
        return Light.RED, spf.problem, "Mend the record.", ""
    if spf.ending == "+all":
        words = "It lets every server in the world send for this domain, which is as good as no record."
        return Light.RED, words, "Replace +all by -all:", _closed(record)
    missing = _lacks_relay(sender, spf, addresses, passes=passes)
    if missing:
        return *missing, "Replace it with:", with_term(record, term)
    if spf.ending not in ("-all", "~all", "redirect"):
        words = "It names the servers that may send, but does not say that others may not."
        return Light.AMBER, words, "End it with -all:", _closed(record)
    named = sender.service.name if sender.service else host
    return Light.GREEN, f"It says which servers may send{f', and {named} is among them' if host else ''}.", "", ""


def _spf_term(sender: Sender, addresses: tuple[str, ...]) -> str:
    if sender.service:
        return f"include:{sender.service.include}"
    shown = [one for one in addresses if ip_address(one).is_global]
    if shown and shown == [sender.relay_host]:
        return f"ip{ip_address(shown[0]).version}:{shown[0]}"
    return f"a:{sender.relay_host}" if shown else "ip4:PUBLIC-ADDRESS-OF-YOUR-RELAY" if sender.relay_host else ""


def _closed(record: str) -> str:
    kept = [term for term in record.split() if term.lower().lstrip("+-~?") != "all"]
    return " ".join([*kept, "-all"])


def _lacks_relay(sender: Sender, spf: Spf, addresses: tuple[str, ...], *, passes: bool) -> tuple[Light, str] | None:
    """How bad it is that the record does not name the relay; None when it does, or when there is none."""
    service, host = sender.service, sender.relay_host
    if not host or passes:
        return None
    if service:
        if service.include in spf.includes:
            return None
        words = f"It does not name {service.name}, which sends your letters."
        if service.own_envelope:
            return Light.AMBER, f"{words} That matters unless {service.name} sends with a return address of its own."
        return Light.RED, f"{words} Receivers may refuse them."
    if not any(ip_address(one).is_global for one in addresses):
        words = f"Your relay {host} has no public address that we could compare."
        return Light.AMBER, f"{words} Make sure that the record names the one from which its mail leaves."
    words = f"It does not let {host} ({', '.join(addresses)}) send, so receivers may refuse your letters."
    return Light.RED, f"{words} If that server passes them on by another one, that one must be named."
