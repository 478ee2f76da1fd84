"""The engine that carries letters and follow-ups to mail servers: claims, one SMTP talk each, journal, outcomes."""

from shared.services.delivery.deliver import deliver_letters
from shared.services.delivery.follow_ups import send_mail
from shared.services.delivery.run import STOPPING

__all__ = ["STOPPING", "deliver_letters", "send_mail"]
