"""Reads the campaigns of a claimed batch, so that one that can't be read stops only its own mail."""

from collections.abc import Collection

from sqlalchemy import Connection

from shared.db import campaigns
from shared.db.savepoints import Faults, apart
from shared.domain.campaigns import Campaign


def readable_campaigns(connection: Connection, numbers: Collection[int]) -> dict[int, Campaign]:
    """The campaigns with these ids, without any that can't be read: its mail is set aside, the rest goes on."""
    known: dict[int, Campaign] = {}
    for number in numbers:
        # Reading undoes nothing, so it needs no savepoint.
        with apart(Faults(), "mail.unreadable_campaign", campaign_id=number):
            known[number] = campaigns.read_campaign(connection, number).campaign
    return known
