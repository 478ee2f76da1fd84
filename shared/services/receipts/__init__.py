"""What comes back: kept as it came by whoever hears it, applied by workers, each once."""

from shared.services.receipts.apply import apply_receipts
from shared.services.receipts.store import keep_mail, keep_webhook

__all__ = ["apply_receipts", "keep_mail", "keep_webhook"]
