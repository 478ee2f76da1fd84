"""Pages of the letters table, the last changed first: read along an index from a key on, never counted, never skipped.

All letters, those of a state and those of an office have an index in the order of the table. Everything else is a
question of how common it is, which nobody knows. What is common fills the page from the letters near its beginning, and
what is rare is led to by an index of its own and sorted.

For a search that is the index of words: a few letters are fetched and sorted, many are met soon enough on the way along
the first index, and too many to carry along are told by each letter's own words.
"""

from sqlalchemy import Connection, RowMapping, text

from shared.db import letter_roads as roads
from shared.db.found_words import find
from shared.db.letter_choice import count_chosen
from shared.db.letter_roads import ALL_THE_WAY, Wanted
from shared.domain.letter_filter import Choice, LetterFilter

# Measured among a million letters: nearly everything is found within 20 ms, whatever the page.
NEAR = 1_000
# As far as it is walked for something that isn't rare; less where each step may be a page of the disk.
FAR, FAR_APART = 8_000, 2_000
FEW = 1_500
MANY = 20_000
# The planner does not know how far a page has to be read, and takes a state and what its small indexes say of it for
# two things: it would read thousands of letters and sort them. So it goes along an index wherever there is one.
_ALONG_INDEXES = text(
    "SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_sort']) name"
)


def read_page(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    """The letters in the order in which they were wanted. It is a transaction's last question but others like it."""
    connection.execute(_ALONG_INDEXES)
    if wanted.words:
        return _near(connection, wanted) or _found(connection, wanted)
    if not wanted.rest:
        return roads.along(connection, wanted, wanted.size)
    return _filtered(connection, wanted)


def _filtered(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    if not wanted.chosen.problem and not _is_rare(connection, wanted):
        near = roads.along(connection, wanted, _far(wanted))
        if len(near) == wanted.size:
            return near
    return roads.led(connection, wanted)


def _is_rare(connection: Connection, wanted: Wanted) -> bool:
    """True when an index gives all letters of the mail domain, or of that kind, more quickly than they are met."""
    asked = LetterFilter(domain=wanted.chosen.domain, test=wanted.chosen.test)
    return not asked.is_empty and count_chosen(connection, Choice(wanted.campaign_id, asked), FEW + 1) <= FEW


def _near(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    """A full page from the letters near its beginning, or from further ones if they promise it; else empty."""
    near, far = roads.along(connection, wanted, NEAR), _far(wanted)
    is_likely = 0 < len(near) < wanted.size and len(near) * far >= wanted.size * NEAR
    # Letters of one name stand together, and promise more than comes.
    if is_likely and 2 * roads.promised(connection, wanted, far) >= wanted.size:
        near = roads.along(connection, wanted, far)
    return near if len(near) == wanted.size else []


def _found(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    """By the index of words."""
    found = find(connection, wanted, MANY + 1)
    if found.how_many <= FEW:
        return roads.fetched(connection, wanted, found.ids)
    if found.how_many <= MANY:
        return roads.carrying(connection, wanted, found.ids)
    return roads.along(connection, wanted, ALL_THE_WAY)


def _far(wanted: Wanted) -> int:
    return FAR_APART if wanted.is_apart else FAR
