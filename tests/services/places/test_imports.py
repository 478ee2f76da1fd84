"""Importers on small files: what is new, changed, gone and refused; twice the same; one transaction."""

import gzip
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import shapefile
from sqlalchemy import Engine
from sqlalchemy import text as text_of

from shared.clock import now
from shared.db import directory
from shared.domain.places import Chamber
from shared.errors import ImportRefused, NotFound
from shared.services.imports import geojson
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.imports.reports import ImportReport
from shared.services.imports.street_fields import read_fields
from shared.services.imports.streets import import_streets
from tests.services.places import files


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.new, report.changed, report.gone, report.unchanged, report.refused


def holders(engine: Engine, state: str = "ma") -> dict[str, list[str]]:
    """Names by district, empty for a vacant seat."""
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for row in directory.current_offices(connection, state):
            found.setdefault(row.district, []).append(row.name)
    return found


def test_a_roster_opens_offices_and_holders_once(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Ada North", "1st Essex"), files.person(2, "Bo South", "First Essex", "upper")]
    roster = files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people)
    assert counts(import_legislators(engine, roster, "ma")) == (2, 0, 0, 0, 0)
    assert counts(import_legislators(engine, roster, "ma")) == (0, 0, 0, 2, 0)
    with engine.connect() as connection:
        offices = {row.chamber: row for row in directory.current_offices(connection, "ma")}
    assert offices[Chamber.LOWER].ocd_id == "ocd-division/country:us/state:ma/sldl:1st_essex"
    assert offices[Chamber.UPPER].ocd_id == "ocd-division/country:us/state:ma/sldu:1st_essex"
    assert (offices[Chamber.LOWER].title, offices[Chamber.UPPER].title) == ("Representative", "Senator")


def test_succession_vacancy_and_corrections(engine: Engine, tmp_path: Path) -> None:
    names = ["1st Essex", "2nd Essex", "3rd Essex"]
    people = [files.person(n, f"Old Member{n}", name) for n, name in enumerate(names, 1)]
    import_legislators(engine, files.write_csv(tmp_path / "a.csv", files.ROSTER_COLUMNS, people), "ma")
    later = [
        files.person(9, "New Member", "1st Essex"),
        files.person(2, "Old Member2", "2nd Essex", email="changed@house.example"),
    ]
    report = import_legislators(engine, files.write_csv(tmp_path / "b.csv", files.ROSTER_COLUMNS, later), "ma")
    assert counts(report) == (1, 1, 2, 0, 0)
    assert holders(engine) == {"1st Essex": ["New Member"], "2nd Essex": ["Old Member2"], "3rd Essex": [""]}
    with engine.connect() as connection:
        ended = connection.execute(text_of("SELECT name, valid_to FROM office_holder WHERE valid_to IS NOT NULL")).all()
    assert {row[0] for row in ended} == {"Old Member1", "Old Member3"}
    assert all(abs(row[1] - now().date()) <= timedelta(days=1) for row in ended)


def test_districts_with_several_members(engine: Engine, tmp_path: Path) -> None:
    people = [
        files.person(1, "Ann One", "20"),
        files.person(2, "Ben Two", "20"),
        files.person(3, "Cy Three", "20", "upper"),
    ]
    import_legislators(engine, files.write_csv(tmp_path / "wa.csv", files.ROSTER_COLUMNS, people), "wa")
    shapes = files.write_districts(tmp_path / "wa.geojson", ["State Legislative District 20 (Lower)", "21"])
    import_districts(engine, shapes, "wa", chamber=Chamber.LOWER)
    found = holders(engine, "wa")
    assert sorted(found["20"]) == ["Ann One", "Ben Two", "Cy Three"]
    assert found["21"] == ["", ""]
    import_legislators(engine, files.write_csv(tmp_path / "b.csv", files.ROSTER_COLUMNS, people[1:]), "wa")
    assert sorted(holders(engine, "wa")["20"]) == ["", "Ben Two", "Cy Three"]


def test_a_roster_line_that_names_no_seat_is_refused_with_its_number(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Ada North", "1st Essex"), files.person(2, "Gone Away", "", "")]
    report = import_legislators(engine, files.write_csv(tmp_path / "a.csv", files.ROSTER_COLUMNS, people), "ma")
    assert report.refused == 1
    assert report.lines == ["line 3: no chamber or district: the person holds no seat now"]


def test_web_forms_are_no_email_addresses(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Ada North", "MA-7", "lower", "https://north.house.example/contact")]
    import_legislators(engine, files.write_csv(tmp_path / "us.csv", files.ROSTER_COLUMNS, people), "ma")
    with engine.connect() as connection:
        (office,) = directory.current_offices(connection, "ma", Chamber.CONGRESS)
    assert (office.district, office.email, office.name) == ("7", "", "Ada North")


def test_a_file_of_another_kind_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    other = files.write_csv(tmp_path / "x.csv", ["a", "b"], [["1", "2"]])
    with pytest.raises(ImportRefused, match="no column"):
        import_legislators(engine, other, "ma")
    empty = files.write_csv(tmp_path / "y.csv", files.ROSTER_COLUMNS, [])
    with pytest.raises(ImportRefused, match="names nobody"):
        import_legislators(engine, empty, "ma")
    with pytest.raises(ImportRefused, match="neither GeoJSON"):
        import_districts(engine, other, "ma")
    with pytest.raises(NotFound, match="not a state"):
        import_legislators(engine, empty, "zz")
    with engine.connect() as connection:
        assert connection.execute(text_of("SELECT count(*) FROM import_run")).scalar_one() == 0


def test_a_new_plan_ends_the_old_districts(engine: Engine, tmp_path: Path) -> None:
    old = files.write_districts(tmp_path / "old.geojson.gz", ["1st Essex", "2nd Essex"])
    assert counts(import_districts(engine, old, "ma")) == (2, 0, 0, 0, 0)
    assert counts(import_districts(engine, old, "ma")) == (0, 0, 0, 2, 0)
    new = files.write_districts(tmp_path / "new.geojson", ["2nd Essex", "3rd Essex", "4th Essex"])
    assert counts(import_districts(engine, new, "ma")) == (2, 1, 1, 0, 0)
    with engine.connect() as connection:
        names = {row.name for row in directory.current_districts(connection, "ma", Chamber.LOWER)}
        ended = connection.execute(text_of("SELECT count(*) FROM district WHERE valid_to IS NOT NULL")).scalar_one()
    assert names == {"2nd Essex", "3rd Essex", "4th Essex"}
    assert ended == 2


def test_census_shapefiles_join_on_names(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Ada North", "1st Barnstable"), files.person(2, "Bo South", "2nd Barnstable")]
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    ring = files.square(files.WEST, files.EAST)["coordinates"]
    records = [
        (("25", "001", "1st Barnstable District"), ring),
        (("25", "ZZZ", "State House Districts not defined"), ring),
        (("33", "001", "District 1"), ring),
    ]
    fields = ["STATEFP", "SLDLST", "NAMELSAD"]
    census = files.write_shapefile(tmp_path / "tl_2025_25_sldl.zip", shapefile.POLYGON, fields, records)
    assert counts(import_districts(engine, census, "ma")) == (1, 0, 0, 0, 0)
    with engine.connect() as connection:
        (row,) = directory.current_districts(connection, "ma")
    assert (row.name, row.chamber) == ("1st Barnstable", Chamber.LOWER)
    assert row.ocd_id == "ocd-division/country:us/state:ma/sldl:1st_barnstable"


def test_shapes_of_another_chamber_than_named_are_refused(engine: Engine, tmp_path: Path) -> None:
    senate = files.write_districts(tmp_path / "s.geojson", ["First Essex"], "upper")
    with pytest.raises(ImportRefused, match="“upper”, not “lower”"):
        import_districts(engine, senate, "ma", chamber=Chamber.LOWER)
    assert counts(import_districts(engine, senate, "ma", chamber=Chamber.UPPER)) == (1, 0, 0, 0, 0)


def test_projected_shapes_are_refused(engine: Engine, tmp_path: Path) -> None:
    ring = files.square(files.WEST, files.EAST)["coordinates"]
    path = tmp_path / "meters.zip"
    files.write_shapefile(path, shapefile.POLYGON, ["NAME"], [(("1st Essex",), ring)], prj='PROJCS["NAD_1983"]')
    with pytest.raises(ImportRefused, match="map projection"):
        import_districts(engine, path, "ma", chamber=Chamber.LOWER)


def test_points_come_go_and_move(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "points.csv.gz"
    rows = [
        ("12", "Maple St", "Stow", "01775", 42.1, -71.55),
        ("14-16", "Maple St", "Stow", "01775", 42.1, -71.551),
        ("18", "Maple St", "Stow", "01775", 42.1, -71.552),
    ]
    assert counts(import_addresses(engine, files.write_points(path, rows), "ma")) == (4, 0, 0, 0, 0)
    assert counts(import_addresses(engine, path, "ma")) == (0, 0, 0, 4, 0)
    moved = [("12", "Maple Street", "STOW", "01775-1234", 42.1001, -71.55), *rows[1:2]]
    assert counts(import_addresses(engine, files.write_points(path, moved), "ma")) == (0, 1, 1, 2, 0)
    gone = [("1", "Elm St", "Stow", "01775", 42.1, -71.55)]
    assert counts(import_addresses(engine, files.write_points(path, gone), "ma")) == (1, 0, 3, 0, 0)
    with engine.connect() as connection:
        assert connection.execute(text_of("SELECT name FROM street")).scalars().all() == ["Elm St"]


def test_useless_address_lines_are_refused_with_their_numbers(engine: Engine, tmp_path: Path) -> None:
    lines: list[list[object]] = [
        ["12 Maple St", "Stow", "MA", "01775", 42.1, -71.5],
        ["Maple St", "Stow", "MA", "01775", 42.1, -71.5],
        ["12 Maple St", "Nashua", "NH", "03060", 42.1, -71.5],
        ["12 Maple St", "", "MA", "", 42.1, -71.5],
        ["12 Maple St", "Stow", "MA", "01775", "", ""],
        ["12 Maple St", "Stow", "MA", "01775", 210_000, 900_000],
    ]
    path = files.write_csv(tmp_path / "a.csv", ["Address", "City", "State", "ZIP", "lat", "lon"], lines)
    report = import_addresses(engine, path, "ma")
    assert counts(report) == (1, 0, 0, 0, 5)
    assert [line.partition(":")[0] for line in report.lines] == [f"line {n}" for n in range(3, 8)]
    assert not any("Maple" in line for line in report.lines)


def test_census_address_ranges(engine: Engine, tmp_path: Path) -> None:
    line = [[[-71.55, 42.1], [-71.54, 42.1]]]
    fields = ["FULLNAME", "LFROMHN", "LTOHN", "RFROMHN", "RTOHN", "ZIPL", "ZIPR", "PARITYL", "PARITYR"]
    records = [
        (("Maple St", "1", "99", "2", "98", "01775", "01775", "O", "E"), line),
        (("Maple St", "", "", "100", "120", "", "01775", "", "E"), line),
        (("", "1", "99", "2", "98", "01775", "01775", "O", "E"), line),
    ]
    path = files.write_shapefile(tmp_path / "tl_2025_25017_addrfeat.zip", shapefile.POLYLINE, fields, records)
    assert counts(import_streets(engine, path, "ma")) == (3, 0, 0, 0, 1)
    assert counts(import_streets(engine, path, "ma")) == (0, 0, 0, 3, 1)


def test_sides_without_houses_are_no_ranges(engine: Engine, tmp_path: Path) -> None:
    road = {"type": "LineString", "coordinates": [[-71.55, 42.1], [-71.54, 42.1]]}
    names = {"Street": "Maple St", "ZIP_Left": "01775", "ZIP_Right": "01775"}
    feature = {**names, "L_From": -1, "L_To": -1, "R_From": 0, "R_To": 0}
    path = files.write_geojson(tmp_path / "stow_street_ranges.geojson", [(feature, road)])
    assert counts(import_streets(engine, path, "ma")) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("kind", ["semicolons in cp1252", "tabs in UTF-16", "zipped with a byte order mark"])
def test_a_csv_file_is_read_as_people_save_it(engine: Engine, tmp_path: Path, kind: str) -> None:
    lines = ["Longitude,Latitude,Add_Number,StNam_Full,Post_City,Zip_Code", "-71.55,42.1,12,Rue Café,Stow,1775"]
    text = "\r\n".join([*lines, "-71.55,42.1,,Rue Café,Stow,1775", "-71.55,42.1,14\0,Main St,Stow,01775"])
    path = tmp_path / "points.csv"
    if kind.startswith("semicolons"):
        path.write_bytes(text.replace(",", ";").encode("cp1252"))
    elif kind.startswith("tabs"):
        path.write_bytes(text.replace(",", "\t").encode("utf-16"))
    else:
        path = tmp_path / "points.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("__MACOSX/._points.csv", b"\0")
            archive.writestr("points.csv", text.encode("utf-8-sig"))
    report = import_addresses(engine, path, "ma")
    assert (counts(report), report.lines) == ((2, 0, 0, 0, 1), ["line 3: no house number or street"])
    with engine.connect() as connection:
        names = connection.execute(text_of("SELECT name, zip FROM street ORDER BY name")).all()
    assert names == [("Main St", "01775"), ("Rue Café", "01775")]


def feature(name: str, west: float, east: float) -> str:
    return json.dumps({"type": "Feature", "properties": {"name": name}, "geometry": files.square(west, east)})


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize("form", ['{{"features": [{}], "type": "FeatureCollection"}}', "{}\n"])
def test_geojson_is_read_in_pieces(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, chunk: int
) -> None:
    monkeypatch.setattr(geojson, "_CHUNK", chunk)
    one, two = feature("1st Essex", -71.6, -71.5), feature("2nd Essex", -71.5, -71.4)
    path = tmp_path / "h.geojson.gz"
    path.write_bytes(gzip.compress(form.format((" ,\n" if "}}" in form else "\n").join([one, two])).encode()))
    assert counts(import_districts(engine, path, "ma", chamber=Chamber.LOWER)) == (2, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"type": "FeatureCollection", "features": [{"type": "Fea', "neither GeoJSON"),
        ('{"type": "FeatureCollection", "features": [' + feature("1st Essex", -71.6, -71.5), "breaks off"),
        ('{"type": "FeatureCollection", "features": null}', "no list of features"),
        ('{"type": "Topology"}', "no features"),
        ('{"features": [null, 7, {"properties": 1, "geometry": {"type": "Polygon"}}]}', "holds no district"),
        ('{"features": [' + feature("1st Essex", 230_000, 240_000) + "]}", "map projection"),
    ],
)
def test_geojson_that_is_broken_or_projected_changes_nothing(
    engine: Engine, tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "h.geojson"
    path.write_text(text)
    with pytest.raises(ImportRefused, match=reason):
        import_districts(engine, path, "ma", chamber=Chamber.LOWER)
    with engine.connect() as connection:
        assert directory.current_districts(connection, "ma") == []


FIELDS = """name = ["PRE", "ST_NAME", "ST_TYPE"]
[left]
from = "LLO"
to = "LHI"
city = "LTOWN"
[right]
from = "RLO"
to = "RHI"
zip = "RZIP"
"""


def test_street_fields_of_another_kind_are_named_in_a_file(engine: Engine, tmp_path: Path) -> None:
    road = {"type": "LineString", "coordinates": [[-71.55, 42.1], [-71.54, 42.1]]}
    values = {"PRE": "N", "ST_NAME": "Maple", "ST_TYPE": None, "llo": "10-01", "lhi": "10-99", "LTOWN": "Stow"}
    values |= {"RLO": 2.0, "RHI": 98.0, "RZIP": "01775-1234"}
    path = files.write_geojson(tmp_path / "roads.geojson", [(values, road), (values | {"LTOWN": ""}, road)])
    with pytest.raises(ImportRefused, match=r"--fields FILE.*The file has: lhi, llo, ltown"):
        import_streets(engine, path, "ma")
    mapping = tmp_path / "fields.toml"
    mapping.write_text(FIELDS)
    report = import_streets(engine, path, "ma", fields=read_fields(mapping))
    assert (counts(report), report.lines) == ((2, 0, 0, 0, 1), ["line 2: neither city nor ZIP code"])
    with engine.connect() as connection:
        rows = connection.execute(text_of("SELECT street_key, city_key, zip FROM street ORDER BY zip")).all()
    assert rows == [("n maple", "stow", ""), ("n maple", "", "01775")]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (FIELDS.replace("[right]", "[wrong]"), "lacks 'right'"),
        (FIELDS.replace("RZIP", ""), "lacks 'zip'"),
        (FIELDS.replace("LHI", ""), "lacks 'to'"),
        (FIELDS.replace('"LHI"', "7"), "texts"),
        (FIELDS.replace("zip =", "post ="), "“post” is not known"),
        ("name = [", "not a list of fields"),
    ],
)
def test_a_wrong_list_of_fields_says_what_is_wrong(tmp_path: Path, told: str, reason: str) -> None:
    mapping = tmp_path / "fields.toml"
    mapping.write_text(told)
    with pytest.raises(ImportRefused, match=reason) as caught:
        read_fields(mapping)
    assert "under [left] and [right]" in str(caught.value)
