"""Mail services that many use as their relay: what their customers' DNS has to say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RelayService:
    """`host` is how its mail servers' names end; `include` what an SPF record needs.

    `own_envelope`: unless told otherwise it puts an envelope sender of its own in the place of ours, so that SPF is its
    affair. `cname` is what a DKIM record points to, where that follows from the selector.
    """

    name: str
    host: str
    include: str
    selectors: tuple[str, ...] = ()
    own_envelope: bool = False
    cname: str = ""


_SERVICES = (
    RelayService("Amazon SES", ".amazonaws.com", "amazonses.com", (), True, "{selector}.dkim.amazonses.com"),
    RelayService("SendGrid", ".sendgrid.net", "sendgrid.net", ("s1", "s2"), own_envelope=True),
    RelayService("Postmark", ".postmarkapp.com", "spf.mtasv.net", ("pm",), own_envelope=True),
    RelayService("Mailgun", ".mailgun.org", "mailgun.org", ("mx", "k1", "pic", "smtp")),
    RelayService("Microsoft 365", ".office365.com", "spf.protection.outlook.com", ("selector1", "selector2")),
    RelayService("Microsoft 365", ".outlook.com", "spf.protection.outlook.com", ("selector1", "selector2")),
    RelayService("Google Workspace", ".gmail.com", "_spf.google.com", ("google",)),
    RelayService("Google Workspace", ".google.com", "_spf.google.com", ("google",)),
    RelayService("Brevo", ".brevo.com", "spf.brevo.com", ("brevo1", "brevo2", "mail")),
    RelayService("Fastmail", ".fastmail.com", "spf.messagingengine.com", ("fm1", "fm2", "fm3")),
)
# Where mail servers of one's own put their key by habit.
USUAL_SELECTORS = ("dearrep", "default", "mail", "dkim")


def service_of(host: str) -> RelayService | None:
    """The service that a relay's name belongs to, None for a server of one's own."""
    return next((one for one in _SERVICES if f".{host.lower()}".endswith(one.host)), None)
