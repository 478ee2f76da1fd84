"""What a stored receipt says, in one value whoever brought it."""

from sqlalchemy import RowMapping

from shared.domain.receipts import Receipt, ReceiptSource
from shared.providers.inbound_mail import read_mail
from shared.providers.webhooks import read


def read_receipt(row: RowMapping) -> Receipt:
    """What a stored receipt says."""
    source, raw = ReceiptSource(row["source"]), bytes(row["raw"])
    if source is ReceiptSource.MAIL:
        return read_mail(raw, sender=row["envelope_sender"], recipient=row["envelope_recipient"])
    return read(source, raw.decode("utf-8", "replace"))
