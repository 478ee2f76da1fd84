"""The words of American street and place names, long and short, as one canonical form each. Facts only, no logic."""

# Canonical short form (US postal practice) -> other ways people write it.
_STREET_FORMS = {
    "aly": "alley allee ally",
    "anx": "annex annx",
    "arc": "arcade",
    "ave": "av aven avenu avenue avn avnue",
    "bch": "beach",
    "blf": "bluff bluf",
    "blvd": "boulevard boul boulv bvd blv",
    "bnd": "bend",
    "brg": "bridge brdge",
    "brk": "brook",
    "bsn": "basin",
    "byp": "bypass bypa byps",
    "byu": "bayou",
    "cir": "circle circ circl crcl crcle",
    "clf": "cliff",
    "cmn": "common comn",
    "cmns": "commons",
    "cor": "corner",
    "cors": "corners",
    "cp": "camp cmp",
    "cpe": "cape",
    "cres": "crescent crsent crsnt",
    "crk": "creek",
    "crst": "crest",
    "cswy": "causeway causwa",
    "ct": "court crt",
    "ctr": "center centre cent cen cntr centr",
    "cts": "courts",
    "curv": "curve",
    "cv": "cove",
    "cyn": "canyon",
    "dl": "dale",
    "dm": "dam",
    "dr": "drive driv drv doctor",
    "est": "estate",
    "ests": "estates",
    "expy": "expressway expr exp expw express",
    "ext": "extension extn extnsn exten",
    "fld": "field",
    "flds": "fields",
    "fls": "falls",
    "frst": "forest forst",
    "fry": "ferry",
    "ft": "fort frt",
    "fwy": "freeway frway frwy freewy",
    "gdn": "garden gardn grdn",
    "gdns": "gardens grdns",
    "gln": "glen",
    "grn": "green",
    "grv": "grove grov",
    "gtwy": "gateway gatewy gatway",
    "hbr": "harbor harb harbr harbour",
    "hl": "hill",
    "hls": "hills",
    "holw": "hollow hllw hollows",
    "hts": "heights ht hgts height",
    "hvn": "haven",
    "hwy": "highway highwy hiway hiwy hway hghwy",
    "is": "island islnd",
    "jct": "junction jction jctn junctn",
    "jr": "junior",
    "knl": "knoll knol",
    "ldg": "landing lndg lndng",
    "lk": "lake",
    "ln": "lane la",
    "lndg": "",
    "mdw": "meadow",
    "mdws": "meadows medows",
    "mnr": "manor",
    "ml": "mill",
    "mls": "mills",
    "mt": "mount mnt",
    "mtn": "mountain mntain mntn",
    "nck": "neck",
    "orch": "orchard orchrd",
    "pk": "park prk",
    "pkwy": "parkway parkwy pkway pky pwy",
    "pl": "place plc",
    "pln": "plain",
    "plns": "plains",
    "plz": "plaza plza",
    "pne": "pine",
    "pnes": "pines",
    "pr": "prairie",
    "prt": "port",
    "pt": "point pnt",
    "rd": "road rod",
    "rdg": "ridge rdge",
    "riv": "river rvr rivr",
    "row": "",
    "rte": "route rt",
    "sgt": "sergeant sargent",
    "shr": "shore shoar",
    "shrs": "shores",
    "spg": "spring sprng",
    "spgs": "springs spngs",
    "sq": "square sqr squ sqre",
    "st": "street strt str saint",
    "sta": "station stn statn",
    "ter": "terrace terr",
    "tpke": "turnpike trnpk turnpk tpk tnpk",
    "trce": "trace",
    "trl": "trail tr",
    "vlg": "village villg vill villag",
    "vly": "valley vally",
    "vw": "view",
    "wds": "woods",
    "wlk": "walk",
    "xing": "crossing crssng",
}
STREET_WORDS = {
    form: short for short, others in _STREET_FORMS.items() if short != "lndg" for form in (short, *others.split())
}
# Words that end a street's name: a name made of one of these and a direction only keeps the direction whole.
SUFFIXES = frozenset(
    "aly ave blvd cir cres cswy ct ctr dr ext expy fwy gdns grn hts hwy is ldg ln pk pkwy pl plz rd rdg row rte sq st"
    " ter tpke trl vw way wlk xing loop path".split()
)

DIRECTIONS = {
    "n": "n",
    "north": "n",
    "s": "s",
    "south": "s",
    "e": "e",
    "east": "e",
    "w": "w",
    "west": "w",
    "ne": "ne",
    "northeast": "ne",
    "nw": "nw",
    "northwest": "nw",
    "se": "se",
    "southeast": "se",
    "sw": "sw",
    "southwest": "sw",
}
# Before the name of a town people also write "No. Attleboro", "So. Yarmouth".
CITY_DIRECTIONS = DIRECTIONS | {"no": "n", "nth": "n", "so": "s", "sth": "s"}

_ONES = "first second third fourth fifth sixth seventh eighth ninth".split()
_TEENS = "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def ordinal(number: int) -> str:
    """`1st`, `22nd`, `113th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"


# "first" -> "1st"; "twentieth" -> "20th". Compounds are put together from TENS and ORDINALS.
ORDINALS = {
    **{word: ordinal(n) for n, word in enumerate(_ONES, 1)},
    **{word: ordinal(n) for n, word in enumerate(_TEENS, 10)},
    **{word[:-1] + "ieth": ordinal(n * 10) for n, word in enumerate(_TENS, 2)},
}
TENS = {word: n * 10 for n, word in enumerate(_TENS, 2)}
ONES = {word: n for n, word in enumerate(_ONES, 1)}

UNIT_WORDS = (
    "apartment apt appt unit suite ste room rm floor flr fl building bldg lot trailer trlr penthouse ph space spc"
    " dept department hangar slip stop"
).split()
# These stand alone, after the name of a street.
LONE_UNIT_WORDS = "rear front basement bsmt upstairs downstairs penthouse".split()

# In names of towns only: spelled both ways on envelopes.
CITY_WORDS = {
    "saint": "st",
    "street": "st",
    "mount": "mt",
    "mnt": "mt",
    "fort": "ft",
    "center": "ctr",
    "centre": "ctr",
    "heights": "hts",
    "falls": "fls",
    "beach": "bch",
    "village": "vlg",
    "junction": "jct",
    "harbor": "hbr",
    "hbr": "hbr",
    "springs": "spgs",
    "mills": "mls",
    "station": "sta",
    "point": "pt",
    "island": "is",
    "hills": "hls",
    "hill": "hl",
}
