"""The letters of one office as a PDF to hand over, and the name of its file."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, RowMapping

from shared.clock import now
from shared.db import export_rows
from shared.db.export_pieces import Claim, Piece
from shared.domain.campaigns import StoredCampaign
from shared.domain.chambers import chamber_facts
from shared.domain.letter_words import office_label
from shared.domain.places import Chamber
from shared.domain.typed_text import normalized
from shared.rendering.printed_letters import Cover, PrintedLetter, draw_letters
from shared.rendering.speech import say_day, speaking

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def write_bundle(engine: Engine, stored: StoredCampaign, claimed: Claim, piece: Piece) -> tuple[str, int, bytes]:
    """Name, number of letters, and the PDF; no bytes when none of them may be handed over any more."""
    assert piece.office_id is not None  # noqa: S101 - tells the type: a bundle's pieces are offices'
    with engine.connect() as connection:
        office = export_rows.office_today(connection, piece.office_id)
        rows = export_rows.printed_rows(connection, claimed, piece.ids)
    name = _file_name(office, piece)
    if not rows:
        return name, 0, b""
    zone = ZoneInfo(stored.campaign.timezone)
    with speaking("en"):
        cover = _cover(stored, office, piece, rows, is_test=claimed.is_test)
        return name, len(rows), draw_letters(cover, [_printed(row, zone) for row in rows])


def _cover(
    stored: StoredCampaign,
    office: RowMapping,
    piece: Piece,
    rows: Sequence[RowMapping],
    *,
    is_test: bool,
) -> Cover:
    campaign = stored.campaign
    zone = ZoneInfo(campaign.timezone)
    first, last = (say_day(edge(row["accepted_at"] for row in rows), zone) for edge in (min, max))
    title, holder, district = office["title"], office["holder"], office["district"]
    return Cover(
        office=office_label(title, holder, district),
        district=district if holder else "",
        campaign=campaign.title,
        host=campaign.host,
        letters=len(rows),
        day=say_day(now(), zone),
        days=f"Written on {first}" if first == last else f"Written from {first} to {last}",
        part=piece.part,
        parts=piece.parts,
        color=campaign.color,
        is_test=is_test,
    )


def _printed(row: RowMapping, zone: ZoneInfo) -> PrintedLetter:
    street = ", ".join(filter(None, (row["street"], row["unit"])))
    town = ", ".join(filter(None, (row["city"], f"{row['us_state']} {row['zip']}".strip())))
    to = office_label(row["recipient_title"], row["recipient_name"], row["district"])
    return PrintedLetter(
        name=row["from_name"],
        lines=(street, town, f"District: {row['district']}"),
        day=say_day(row["accepted_at"], zone),
        to=f"To {to}",
        subject=row["subject"],
        body=row["body"],
    )


def _file_name(office: RowMapping, piece: Piece) -> str:
    """`house-1st-franklin-pat-doe-part-2-of-3.pdf`: sorted by chamber and district, and the same for nobody else."""
    chamber = chamber_facts(office["jurisdiction"].upper(), Chamber(office["chamber"]), office["district"]).name
    words = [chamber, office["district"], office["holder"], str(piece.office_id)]
    if piece.parts > 1:
        words.append(f"part {piece.part:0{len(str(piece.parts))}} of {piece.parts}")
    plain = normalized(" ".join(words), "NFKD").encode("ascii", "ignore").decode().lower()
    return f"{_NOT_IN_NAMES.sub('-', plain).strip('-')}.pdf"
