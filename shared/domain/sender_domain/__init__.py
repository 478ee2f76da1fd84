"""What the sender domain's DNS must say so that letters arrive: each record judged in plain words. No I/O here."""

from shared.domain.dns_answers import Ask
from shared.domain.sender_domain.dmarc import check_dmarc
from shared.domain.sender_domain.findings import (
    Finding,
    Light,
    Sender,
    faults,
    faults_mark,
    from_json,
    is_reserved,
    to_json,
    worst,
)
from shared.domain.sender_domain.places import check_mx, check_site
from shared.domain.sender_domain.return_address import ABOUT_MX, OfferBounce
from shared.domain.sender_domain.signatures import check_dkim
from shared.domain.sender_domain.spf import check_spf

__all__ = [
    "ABOUT_MX",
    "Finding",
    "Light",
    "Sender",
    "examine_sender",
    "faults",
    "faults_mark",
    "from_json",
    "to_json",
    "worst",
]


def examine_sender(sender: Sender, ask: Ask, offer: OfferBounce | None = None) -> list[Finding]:
    """Every record, in the order in which they are best created; `offer` where mail is expected."""
    if is_reserved(sender.domain):
        words = f"{sender.domain} stands in examples only: nobody can own it, and receivers refuse its mail."
        mend = "Whoever runs the server sets DEARREP_MAIL_DOMAIN to a domain of yours, such as letters.your-group.org."
        return [Finding("Sender domain", Light.RED, words, sender.domain, mend=mend)]
    return [
        check_spf(sender, ask),
        *check_dkim(sender, ask),
        check_dmarc(sender.domain, ask),
        check_mx(sender, ask, offer),
        check_site(sender, ask),
    ]
