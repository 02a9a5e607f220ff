"""Loading a CSV into the tree: what it takes, what it refuses, and that it is all or nothing."""

import csv
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.areas.csv_file import AreasError
from shared.areas.loading import SHIPPED, LoadResult, load_areas
from shared.areas.tree import Areas, Level, ancestors
from tests.support.areas import generated_county, write_areas

pytestmark = pytest.mark.requirement("A1")

COUNTY = [("22", "吉林省"), ("2205", "通化市"), ("220581", "梅河口市"), ("220581001", "新华街道")]


def contents(db_path: Path) -> dict[str, str]:
    with closing(Areas.open(db_path)) as areas:
        listed = [areas.under(root.code, level) for root in areas.roots() for level in Level]
        return {area.code: area.name for areas_of_level in listed for area in areas_of_level}


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_levels_are_counted_when_shipped_county_is_loaded(tmp_path: Path) -> None:
    result = load_areas(SHIPPED, tmp_path / "new" / "areas.db")

    assert result == LoadResult(
        counts={
            Level.PROVINCE: 1, Level.CITY: 1, Level.COUNTY: 1,
            Level.TOWNSHIP: 24, Level.COMMUNITY: 333, Level.GRID: 0,
        },
        added=360, renamed=0, total=360,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_names_are_the_same_when_file_is_written_by_another_program(
    tmp_path: Path, encoding: str, newline: str
) -> None:
    text = newline.join(["code,name", *(f"{code},{name}" for code, name in COUNTY), ""])

    load_areas(write(tmp_path / "rows.csv", text.encode(encoding)), tmp_path / "areas.db")

    assert contents(tmp_path / "areas.db") == dict(COUNTY)


def test_rare_characters_survive_when_file_is_gb18030(tmp_path: Path) -> None:
    rows = [("22", "吉林省"), ("2205", "㐂𠮷县"), ("2206", "ABC市"), ("2207", "一市")]
    load_areas(write_areas(tmp_path / "rows.csv", rows, "gb18030"), tmp_path / "areas.db")

    assert contents(tmp_path / "areas.db") == dict(rows)


def test_columns_are_found_when_header_has_others_in_any_order(tmp_path: Path) -> None:
    text = ' Name ,remark,CODE\n"吉林省", x ,22\n\n,,\n 通化市　,y, 2205 \n通化市,again,2205\n'

    result = load_areas(write(tmp_path / "rows.csv", text), tmp_path / "areas.db")

    assert contents(tmp_path / "areas.db") == {"22": "吉林省", "2205": "通化市"}
    assert result.total == 2


def test_order_of_lines_is_free_when_parents_come_later(tmp_path: Path) -> None:
    load_areas(write_areas(tmp_path / "rows.csv", COUNTY[::-1]), tmp_path / "areas.db")

    assert contents(tmp_path / "areas.db") == dict(COUNTY)


def test_tree_grows_and_renames_when_another_file_is_loaded(tmp_path: Path) -> None:
    db_path = tmp_path / "areas.db"
    load_areas(SHIPPED, db_path)
    rows = [
        ("220581001001", "建国新社区"),
        ("220581001001001", "一网格"),
        ("220581001", "新华街道"),
    ]

    result = load_areas(write_areas(tmp_path / "rows.csv", rows), db_path)

    assert (result.added, result.renamed, result.total) == (1, 1, 361)
    with closing(Areas.open(db_path)) as areas:
        assert areas.name("220581001001") == "建国新社区"
        assert areas.full_name("220581001001001") == "吉林省通化市梅河口市新华街道建国新社区一网格"
        assert areas.name("220581001002") == "爱民社区"


def test_file_stays_the_same_when_nothing_is_new(tmp_path: Path) -> None:
    db_path = tmp_path / "areas.db"
    load_areas(SHIPPED, db_path)
    before = db_path.stat()

    result = load_areas(SHIPPED, db_path)

    assert (result.added, result.renamed, result.total) == (0, 0, 360)
    assert (db_path.stat().st_ino, db_path.stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_companions_are_loaded_when_file_is_of_the_npm_package(tmp_path: Path) -> None:
    write(tmp_path / "provinces.csv", 'code,name\n22,"吉林省"\n')
    write(tmp_path / "cities.csv", 'code,name,provinceCode\n2205,"通化市",22\n')
    write(tmp_path / "areas.csv", 'code,name,cityCode,provinceCode\n220581,"梅河口市",2205,22\n')
    write(
        tmp_path / "streets.csv",
        'code,name,areaCode,provinceCode,cityCode\n220581001,"新华街道",220581,22,2205\n',
    )
    villages = write(
        tmp_path / "villages.csv",
        "code,name,streetCode,provinceCode,cityCode,areaCode\n"
        '220581001001,"建国社区",220581001,22,2205,220581\n',
    )

    load_areas(villages, tmp_path / "areas.db")

    assert contents(tmp_path / "areas.db") == {**dict(COUNTY), "220581001001": "建国社区"}

    (tmp_path / "streets.csv").unlink()
    with pytest.raises(AreasError, match=r"streets\.csv is missing") as refusal:
        load_areas(villages, tmp_path / "areas.db")
    assert refusal.value.reason == "companion_absent"


LONG = "长" * 101
GB_NAMES = "\n".join(["code,name", "22,吉林省", "2205,通化市"]).encode("gb18030")


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("", "header", 1, None),
        ("\n", "header", 1, None),
        ("22,吉林省\n", "header", 1, None),
        ("code;name\n22;吉林省\n", "header", 1, None),
        ("code,name,code\n22,吉林省,22\n", "header", 1, None),
        ("code,name\n", "empty", None, None),
        ("code,name\n\n,\n", "empty", None, None),
        ("code,name\n22,吉林省\n220,某地\n", "code_shape", 3, "code"),
        ("code,name\n22,吉林省\n\n22O5,通化市\n", "code_shape", 4, "code"),
        ("code,name\n２２,吉林省\n", "code_shape", 2, "code"),
        ("code,name\n,吉林省\n", "code_shape", 2, "code"),
        ('code,name\n"2\n2",吉林省\n', "code_shape", 2, "code"),
        ("code,name\n2.20581E+11,建国社区\n", "code_number", 2, "code"),
        ("code,name\n2E+14,一网格\n", "code_number", 2, "code"),
        ("code,name\n22,吉林省\n2205, 　\n", "name_empty", 3, "name"),
        ("code,name\n22\n", "name_empty", 2, "name"),
        ('code,name\n22,"吉林\n省"\n', "name_shape", 2, "name"),
        ("code,name\n22,吉林\ufffd\n", "name_shape", 2, "name"),
        ("code,name\n22,吉林\x00省\n", "name_shape", 2, "name"),
        (f"code,name\n22,{LONG}\n", "name_shape", 2, "name"),
        ('code,name\n22,吉林省\n2205,"通化市\n', "malformed", 3, None),
        ('code,name\n22,"吉林"省\n', "malformed", 2, None),
        ("code,name\n22,吉林省\n2205,通化市\n22,吉林\n", "two_names", 4, "name"),
        ("code,name\n22,吉林省\n220581,梅河口市\n", "parent_absent", 3, "code"),
        ("code,name\n22,吉林省\n220581001,新华街道\n", "parent_absent", 3, "code"),
        ("code,name\n220581001,新华街道\n", "parent_absent", 2, "code"),
        ("code,name\n220581001001001,一网格\n", "parent_absent", 2, "code"),
        ("code,name\n22,吉林省\n".encode("utf-16"), "encoding", 1, None),
        (b"\xef\xbb\xbfcode,name\n22,\xff\n", "encoding", 2, None),
        (
            "code,name\n22,吉林省\n2205,".encode() + "通化市\n".encode("gb18030"),
            "encoding",
            3,
            None,
        ),
        (GB_NAMES + b"\n2206,\xff\xff\n", "encoding", 4, None),
    ],
)
def test_nothing_changes_and_place_is_named_when_file_is_bad(
    tmp_path: Path, text: str | bytes, reason: str, line: int | None, column: str | None
) -> None:
    file, db_path = write(tmp_path / "坏.csv", text), tmp_path / "areas.db"
    load_areas(write_areas(tmp_path / "good.csv", [("11", "北京市")]), db_path)
    before = db_path.read_bytes()

    with pytest.raises(AreasError) as refusal:
        load_areas(file, db_path)

    error = refusal.value
    assert (error.reason, error.file, error.line, error.column) == (reason, file, line, column)
    assert str(file) in str(error)
    assert line is None or (f"第 {line} 行" in str(error) and f"line {line}" in str(error))
    assert column is None or (f"{column} 列" in str(error) and f"column {column}" in str(error))
    assert "\n" not in str(error)
    assert db_path.read_bytes() == before
    assert not (tmp_path / "areas.db.new").exists()
    with pytest.raises(AreasError):
        load_areas(file, tmp_path / "fresh.db")
    assert not (tmp_path / "fresh.db").exists()


def test_load_is_refused_when_province_is_put_above_a_county_without_its_city(
    tmp_path: Path,
) -> None:
    db_path = tmp_path / "areas.db"
    load_areas(write_areas(tmp_path / "a.csv", [("220581", "梅河口市")]), db_path)

    with pytest.raises(AreasError, match="the parent 2205 of 220581") as refusal:
        load_areas(write_areas(tmp_path / "b.csv", [("22", "吉林省")]), db_path)
    assert refusal.value.line is None

    load_areas(write_areas(tmp_path / "c.csv", COUNTY[:2]), db_path)
    assert contents(db_path) == dict(COUNTY[:3])


def test_load_is_refused_when_files_are_absent_or_not_what_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(AreasError) as refusal:
        load_areas(tmp_path / "absent.csv", tmp_path / "areas.db")
    assert refusal.value.reason == "absent"

    with pytest.raises(AreasError) as refusal:
        load_areas(tmp_path, tmp_path / "areas.db")
    assert refusal.value.reason == "absent"

    foreign = write(tmp_path / "foreign.db", "no database")
    with pytest.raises(AreasError) as refusal:
        load_areas(SHIPPED, foreign)
    assert refusal.value.reason == "not_areas"
    assert foreign.read_bytes() == b"no database"

    with pytest.raises(AreasError) as refusal:
        load_areas(SHIPPED, foreign / "areas.db")
    assert refusal.value.reason == "not_written"


def test_load_goes_on_when_an_earlier_one_was_killed(tmp_path: Path) -> None:
    write(tmp_path / "areas.db.new", b"half a file")

    load_areas(SHIPPED, tmp_path / "areas.db")

    assert len(contents(tmp_path / "areas.db")) == 360
    assert not (tmp_path / "areas.db.new").exists()


def test_nothing_is_lost_when_loads_run_at_the_same_time(tmp_path: Path) -> None:
    db_path = tmp_path / "areas.db"
    counties = [f"9901{number:02d}" for number in range(1, 9)]
    start = threading.Barrier(len(counties))
    failures: list[AreasError] = []

    def load(county: str) -> None:
        file = generated_county(tmp_path / f"{county}.csv", 20, county=county)
        start.wait()
        try:
            load_areas(file, db_path)
        except AreasError as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(county,)) for county in counties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with closing(Areas.open(db_path)) as areas:
        assert [area.code for area in areas.children("9901")] == counties
        assert len(areas.communities("99")) == 160


names = st.text(st.characters(codec="gb18030", categories=["L", "N"]), min_size=1, max_size=8)
leaves = st.lists(
    st.text("0123456789", min_size=15, max_size=15), min_size=1, max_size=5, unique=True
)


@given(leaves=leaves, data=st.data(), encoding=st.sampled_from(["utf-8", "utf-8-sig"]))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_tree_is_what_the_file_says_when_any_closed_tree_is_loaded(
    tmp_path: Path, leaves: list[str], data: st.DataObject, encoding: str
) -> None:
    wanted = {code: data.draw(names) for leaf in leaves for code in ancestors(leaf)}
    db_path = tmp_path / "any.db"
    db_path.unlink(missing_ok=True)

    load_areas(write_areas(tmp_path / "any.csv", wanted.items(), encoding), db_path)

    assert contents(db_path) == wanted


def test_county_has_valid_codes_when_generated(tmp_path: Path) -> None:
    file = generated_county(tmp_path / "county.csv", 5_000)
    result = load_areas(file, tmp_path / "areas.db")

    assert result.counts[Level.COMMUNITY] == 5_000
    assert result.counts[Level.TOWNSHIP] == 25
    with file.open(encoding="utf-8") as lines:
        assert sum(1 for _ in csv.DictReader(lines)) == result.total
