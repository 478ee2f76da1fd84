"""Which fields of street files hold house numbers, names and ZIP codes. Others are named in a small TOML file.

    name = ["PREDIR", "STREET", "TYPE"]

    [left]
    from = "L_LOW"
    to = "L_HIGH"
    zip = "ZIP_L"
    city = "TOWN_L"

    [right]
    from = "R_LOW"
    …

`parity` may be named too (`E`, `O` or `B`); of `zip` and `city` one is enough.
"""

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import ImportRefused

_MORE = ("zip", "parity", "city")
_KEYS = frozenset({"from", "to", *_MORE})
_WANTED = "Wanted: name, and under [left] and [right] from, to, zip or city, and parity if the file has it."


@dataclass(frozen=True)
class SideFields:
    """The fields of one side of a street segment; `zip` or `city`, and `parity`, may be missing in a file."""

    number_from: str
    number_to: str
    zip: str = ""
    parity: str = ""
    city: str = ""

    def __iter__(self) -> Iterator[str]:
        """The fields that are named."""
        return (name for name in (self.number_from, self.number_to, self.zip, self.parity, self.city) if name)


@dataclass(frozen=True)
class StreetFields:
    """A layout: the parts of the street's name and both sides, seen along the line's own direction."""

    name: tuple[str, ...]
    left: SideFields
    right: SideFields

    def fits(self, fields: Collection[str]) -> bool:
        """True for a file that has these fields, given in small letters."""
        needed = (*self.name, self.left.number_from, self.right.number_to)
        return {name.casefold() for name in needed} <= set(fields)


LAYOUTS = (
    # Census TIGER/Line ADDRFEAT.
    StreetFields(
        ("FULLNAME",),
        SideFields("LFROMHN", "LTOHN", "ZIPL", "PARITYL"),
        SideFields("RFROMHN", "RTOHN", "ZIPR", "PARITYR"),
    ),
    # City of Cambridge GIS, street centrelines.
    StreetFields(("Street",), SideFields("L_From", "L_To", "ZIP_Left"), SideFields("R_From", "R_To", "ZIP_Right")),
    # The national emergency number standard (NENA), used by many state files.
    StreetFields(
        ("FullName",),
        SideFields("FromAddr_L", "ToAddr_L", "PostCode_L", "Parity_L", "PostComm_L"),
        SideFields("FromAddr_R", "ToAddr_R", "PostCode_R", "Parity_R", "PostComm_R"),
    ),
    # MassDOT and MassGIS road inventory.
    StreetFields(
        ("STREETNAME",),
        SideFields("L_F_ADD", "L_T_ADD", "ZIP_L", "", "MGIS_TOWN_L"),
        SideFields("R_F_ADD", "R_T_ADD", "ZIP_R", "", "MGIS_TOWN_R"),
    ),
    StreetFields(
        ("street",),
        SideFields("left_from", "left_to", "left_zip", "left_parity", "left_city"),
        SideFields("right_from", "right_to", "right_zip", "right_parity", "right_city"),
    ),
)


def read_fields(path: Path) -> StreetFields:
    """The layout that a TOML file describes. Raises ImportRefused with what is wrong in it."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        name = told["name"]
        names = (name,) if isinstance(name, str) else tuple(name)
        fields = StreetFields(names, _read_side(told["left"]), _read_side(told["right"]))
    except OSError as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror}.") from error
    except KeyError as error:
        raise ImportRefused(f"{path.name} lacks {error}. {_WANTED}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ImportRefused(f"{path.name} is not a list of fields: {error}. {_WANTED}") from error
    if not all(isinstance(one, str) and one for one in (*names, *fields.left, *fields.right)):
        raise ImportRefused(f"{path.name}: the names of fields are texts. {_WANTED}")
    return fields


def _read_side(told: dict[str, Any]) -> SideFields:
    unknown = told.keys() - _KEYS
    if unknown:
        raise ValueError(f"“{min(unknown)}” is not known")
    for needed in ("from", "to", "zip" if not told.get("city") else "city"):
        if not told.get(needed):
            raise KeyError(needed)
    return SideFields(told["from"], told["to"], **{name: told[name] for name in _MORE if name in told})
