"""Villages and neighbourhoods that people give as their city, though town and address data rarely do.

Each is known by the ZIP codes in which it lies. A village only ever narrows a search: its street is looked for in these
ZIP codes, and a ZIP code outside of them becomes a question.
"""

from shared.domain.street_names import city_key
from shared.domain.us_states import UsState

# By state, then by name: five-digit ZIP codes. Sources: the Postal Service's city names and the towns' own pages.
_VILLAGES: dict[str, dict[str, str]] = {
    "MA": {
        # Boston
        "Allston": "02134 02163",
        "Back Bay": "02115 02116 02199",
        "Beacon Hill": "02108 02114",
        "Brighton": "02135",
        "Charlestown": "02129",
        "Chinatown": "02111",
        "Dorchester": "02121 02122 02124 02125",
        "Dorchester Center": "02124",
        "East Boston": "02128",
        "Fenway": "02115 02215",
        "Grove Hall": "02121",
        "Hyde Park": "02136",
        "Jamaica Plain": "02130",
        "Mattapan": "02126",
        "Mission Hill": "02115 02120",
        "North End": "02109 02113",
        "Readville": "02136",
        "Roslindale": "02131",
        "Roxbury": "02118 02119 02120 02121",
        "Roxbury Crossing": "02120",
        "South Boston": "02127 02210",
        "South End": "02111 02116 02118",
        "West End": "02114",
        "West Roxbury": "02132",
        # Newton
        "Auburndale": "02466",
        "Newton Centre": "02459",
        "Newton Corner": "02458",
        "Newton Highlands": "02461",
        "Newton Lower Falls": "02462",
        "Newton Upper Falls": "02464",
        "Newtonville": "02460",
        "Nonantum": "02458",
        "Waban": "02468",
        "West Newton": "02465",
        # Cape Cod
        "Buzzards Bay": "02532 02542",
        "Cataumet": "02534",
        "Centerville": "02632",
        "Cotuit": "02635",
        "Cummaquid": "02637",
        "Dennis Port": "02639",
        "East Dennis": "02641",
        "East Falmouth": "02536",
        "East Harwich": "02645",
        "East Sandwich": "02537",
        "Forestdale": "02644",
        "Harwich Port": "02646",
        "Hyannis": "02601",
        "Hyannis Port": "02647",
        "Marstons Mills": "02648",
        "Monument Beach": "02553",
        "North Falmouth": "02556",
        "Osterville": "02655",
        "Pocasset": "02559",
        "Sagamore": "02561",
        "Sagamore Beach": "02562",
        "South Dennis": "02660",
        "South Yarmouth": "02664",
        "Teaticket": "02536",
        "Waquoit": "02536",
        "West Barnstable": "02668",
        "West Dennis": "02670",
        "West Falmouth": "02574",
        "West Harwich": "02671",
        "West Hyannisport": "02672",
        "West Yarmouth": "02673",
        "Woods Hole": "02543",
        "Yarmouth Port": "02675",
        # South and south-east
        "East Wareham": "02538",
        "East Weymouth": "02189",
        "Green Harbor": "02041",
        "Humarock": "02047",
        "Manomet": "02345 02360",
        "North Dartmouth": "02747",
        "North Easton": "02356",
        "North Quincy": "02171",
        "North Weymouth": "02191",
        "Onset": "02532 02558",
        "South Attleboro": "02703",
        "South Dartmouth": "02748",
        "South Easton": "02375",
        "South Weymouth": "02190",
        "Squantum": "02171",
        "West Wareham": "02576",
        "Westport Point": "02790 02791",
        "Wollaston": "02170",
        # North and west
        "Baldwinville": "01436",
        "Ballardvale": "01810",
        "Bondsville": "01009",
        "Bradford": "01835",
        "Cherry Valley": "01611",
        "Feeding Hills": "01030",
        "Fiskdale": "01518",
        "Florence": "01062",
        "Gilbertville": "01031",
        "Indian Orchard": "01151",
        "Jefferson": "01522",
        "Leeds": "01053",
        "Linwood": "01525",
        "Magnolia": "01930",
        "Millers Falls": "01349",
        "North Billerica": "01862",
        "North Chelmsford": "01863",
        "Rochdale": "01542",
        "Saxonville": "01701",
        "South Natick": "01760",
        "Thorndike": "01079",
        "Three Rivers": "01080",
        "Turners Falls": "01376",
        "West Concord": "01742",
        "Whitinsville": "01588",
    },
}
_BY_KEY = {
    state: {city_key(name): frozenset(zips.split()) for name, zips in villages.items()}
    for state, villages in _VILLAGES.items()
}


def village_zips(state: UsState, city: str) -> frozenset[str]:
    """The ZIP codes of a village, given by its city key; empty for a city and for a name we don't know."""
    return _BY_KEY.get(state.code, {}).get(city, frozenset())


def village_keys(state: UsState) -> tuple[str, ...]:
    """The city keys of all villages known in a state."""
    return tuple(_BY_KEY.get(state.code, ()))
