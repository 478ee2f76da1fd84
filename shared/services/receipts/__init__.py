"""What comes back: kept as it came by whoever hears it, applied by workers, each once."""

from shared.services.receipts.apply import apply_receipts
from shared.services.receipts.maildir import read_maildir
from shared.services.receipts.store import is_our_address, keep_mail, keep_webhook

__all__ = ["apply_receipts", "is_our_address", "keep_mail", "keep_webhook", "read_maildir"]
