"""Which fields of street files hold house numbers, names and ZIP codes. A new kind of file is one more entry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SideFields:
    """The fields of one side of a street segment; `city` and `parity` may be missing in a file."""

    number_from: str
    number_to: str
    zip: str
    parity: str = ""
    city: str = ""


@dataclass(frozen=True)
class StreetFields:
    """A layout: the street's name and both sides, seen along the line's own direction."""

    name: str
    left: SideFields
    right: SideFields


LAYOUTS = (
    # Census TIGER/Line ADDRFEAT.
    StreetFields(
        "FULLNAME",
        SideFields("LFROMHN", "LTOHN", "ZIPL", "PARITYL"),
        SideFields("RFROMHN", "RTOHN", "ZIPR", "PARITYR"),
    ),
    # City of Cambridge GIS, street centrelines.
    StreetFields("Street", SideFields("L_From", "L_To", "ZIP_Left"), SideFields("R_From", "R_To", "ZIP_Right")),
    # The national emergency number standard (NENA), used by many state files.
    StreetFields(
        "FullName",
        SideFields("FromAddr_L", "ToAddr_L", "PostCode_L", "Parity_L", "PostComm_L"),
        SideFields("FromAddr_R", "ToAddr_R", "PostCode_R", "Parity_R", "PostComm_R"),
    ),
    # MassDOT and MassGIS road inventory.
    StreetFields(
        "STREETNAME",
        SideFields("L_F_ADD", "L_T_ADD", "ZIP_L", "", "MGIS_TOWN_L"),
        SideFields("R_F_ADD", "R_T_ADD", "ZIP_R", "", "MGIS_TOWN_R"),
    ),
    StreetFields(
        "street",
        SideFields("left_from", "left_to", "left_zip", "left_parity", "left_city"),
        SideFields("right_from", "right_to", "right_zip", "right_parity", "right_city"),
    ),
)
