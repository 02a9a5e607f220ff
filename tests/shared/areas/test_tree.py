"""Reading the loaded tree."""

import gc
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from shared.areas.loading import SHIPPED, load_areas
from shared.areas.tree import Area, Areas, Level, UnknownArea
from tests.support.areas import generated_county, write_areas

pytestmark = pytest.mark.requirement("A1")


@pytest.fixture(scope="module")
def meihekou(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Areas]:
    path = tmp_path_factory.mktemp("areas") / "areas.db"
    load_areas(SHIPPED, path)
    with closing(Areas.open(path)) as areas:
        yield areas


def tree_of(folder: Path, *rows: tuple[str, str]) -> Areas:
    path = folder / "areas.db"
    load_areas(write_areas(folder / "rows.csv", rows), path)
    return Areas.open(path)


def descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_county_is_whole_when_shipped_file_is_loaded(meihekou: Areas) -> None:
    assert meihekou.roots() == [Area("22", "吉林省")]
    assert meihekou.count() == 360
    assert len(meihekou.children("220581")) == 24
    assert len(meihekou.communities("220581")) == 333


def test_names_are_read_when_code_is_known(meihekou: Areas) -> None:
    assert meihekou.get("220581002") == Area("220581002", "光明街道")
    assert meihekou.name("220581001001") == "建国社区"
    assert meihekou.full_name("220581002") == "吉林省通化市梅河口市光明街道"
    assert meihekou.exists("220581001001")


@pytest.mark.parametrize(
    "code",
    [
        "220581001099",
        "220581001001001",
        "99",
        "",
        "abc",
        "22058",
        "２２０５８１",
        "\ud800",
        "22\x00",
    ],
)
def test_code_is_refused_when_it_is_not_in_the_tree(meihekou: Areas, code: str) -> None:
    assert not meihekou.exists(code)
    for ask in (meihekou.get, meihekou.name, meihekou.full_name, meihekou.children):
        with pytest.raises(UnknownArea) as refusal:
            ask(code)
        assert refusal.value.code == code


def test_children_are_one_level_down_and_in_order_when_listed(meihekou: Areas) -> None:
    children = meihekou.children("220581001")

    assert [area.level for area in children] == [Level.COMMUNITY] * len(children)
    assert [area.code for area in children] == sorted(area.code for area in children)
    assert {area.parent for area in children} == {"220581001"}
    assert meihekou.children(children[0].code) == []


@pytest.mark.parametrize("prefix", ["22", "2205", "220581", "220581101", "220581101200"])
def test_communities_lie_under_prefix_when_it_has_any_level(meihekou: Areas, prefix: str) -> None:
    expected = [
        code
        for township in meihekou.children("220581")
        for code in (area.code for area in meihekou.children(township.code))
        if code.startswith(prefix)
    ]

    assert expected
    assert meihekou.communities(prefix) == expected
    assert [area.code for area in meihekou.under(prefix, Level.COMMUNITY)] == expected


@pytest.mark.parametrize("limit", [1, 100, 500])
def test_every_community_comes_once_when_read_by_pieces(meihekou: Areas, limit: int) -> None:
    found: list[str] = []
    while some := meihekou.communities_after(found[-1] if found else "", limit):
        assert len(some) <= limit
        found += some
    assert found == meihekou.communities("22")


def test_nothing_lies_under_prefix_when_it_is_elsewhere_or_below(meihekou: Areas) -> None:
    assert meihekou.under("11", Level.COMMUNITY) == []
    assert meihekou.communities("220581001001001") == []
    assert meihekou.under("220581001", Level.COUNTY) == []
    with pytest.raises(UnknownArea):
        meihekou.communities("2")
    with pytest.raises(UnknownArea):
        meihekou.under("", Level.COUNTY)


def test_grids_lie_under_their_community_when_loaded(tmp_path: Path) -> None:
    load_areas(generated_county(tmp_path / "a.csv", 3, grids_per_community=2), tmp_path / "a.db")
    with closing(Areas.open(tmp_path / "a.db")) as areas:
        grids = areas.children("990101100001")

        assert [grid.level for grid in grids] == [Level.GRID] * 2
        assert areas.children(grids[0].code) == []
        assert len(areas.under("990101", Level.GRID)) == 6
        assert len(areas.communities("990101")) == 3


def test_full_name_leaves_out_areas_that_exist_for_the_count_only(tmp_path: Path) -> None:
    rows = [
        ("11", "北京市"), ("1101", "市辖区"), ("110101", "东城区"),
        ("44", "广东省"), ("4419", "东莞市"), ("441900", "东莞市"), ("441900003", "东城街道"),
        ("46", "海南省"), ("4690", "省直辖县级行政区划"), ("469001", "五指山市"),
        ("469001198", "县直辖村级区划"), ("469001198400", "毛阳农场"),
        ("50", "重庆市"), ("5002", "县"), ("500229", "城口县"),
    ]  # fmt: skip
    with closing(tree_of(tmp_path, *rows)) as areas:
        assert areas.full_name("110101") == "北京市东城区"
        assert areas.full_name("1101") == "北京市市辖区"
        assert areas.full_name("441900") == "广东省东莞市"
        assert areas.full_name("441900003") == "广东省东莞市东城街道"
        assert areas.full_name("469001198400") == "海南省五指山市毛阳农场"
        assert areas.full_name("500229") == "重庆市城口县"


def test_county_is_a_root_when_nothing_is_loaded_above_it(tmp_path: Path) -> None:
    rows = (("220581", "梅河口市"), ("220581001", "新华街道"), ("11", "北京市"), ("3301", "杭州市"))
    with closing(tree_of(tmp_path, *rows)) as areas:
        assert [area.code for area in areas.roots()] == ["11", "220581", "3301"]
        assert areas.full_name("220581001") == "梅河口市新华街道"


def test_tree_is_refused_when_file_is_absent_or_foreign(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Areas.open(tmp_path / "absent.db")
    (tmp_path / "text.db").write_text("code,name\n22,吉林省\n" * 100, encoding="utf-8")
    with pytest.raises(ValueError, match="not an area file"):
        Areas.open(tmp_path / "text.db")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE areas (code TEXT)")
    with pytest.raises(ValueError, match="not an area file"):
        Areas.open(tmp_path / "other.db")


def test_tree_opens_when_path_has_characters_of_a_uri(tmp_path: Path) -> None:
    folder = tmp_path / "数据 100%?x#y"
    folder.mkdir()
    with closing(tree_of(folder, ("22", "吉林省"))) as areas:
        assert areas.name("22") == "吉林省"


def test_new_file_is_read_when_reloaded(tmp_path: Path) -> None:
    with closing(tree_of(tmp_path, ("22", "吉林"))) as areas:
        assert areas.name("22") == "吉林"
        assert not areas.exists("11")
        assert not areas.reload_if_changed()

        load_areas(
            write_areas(tmp_path / "b.csv", [("22", "吉林省"), ("11", "北京市")]),
            tmp_path / "areas.db",
        )
        assert areas.name("22") == "吉林"

        assert areas.reload_if_changed()
        assert areas.name("22") == "吉林省"
        assert areas.exists("11")
        assert not areas.reload_if_changed()


def test_old_tree_stays_when_the_file_is_gone_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "areas.db"
    with closing(tree_of(tmp_path, ("22", "吉林省"), ("2205", "通化市"))) as areas:
        path.unlink()
        assert not areas.reload_if_changed()
        assert areas.name("22") == "吉林省"

        path.write_bytes(b"no database")
        with pytest.raises(ValueError, match="not an area file"):
            areas.reload_if_changed()
        assert areas.name("2205") == "通化市"


def test_reading_ends_when_closed(tmp_path: Path) -> None:
    areas = tree_of(tmp_path, ("22", "吉林省"))
    areas.close()
    areas.close()
    with pytest.raises(ValueError, match="closed"):
        areas.get("22")


def test_threads_read_right_when_file_is_replaced_under_them(tmp_path: Path) -> None:
    path = tmp_path / "areas.db"
    load_areas(generated_county(tmp_path / "a.csv", 400), path)
    counts = {405}
    enough = threading.Event()

    def read(areas: Areas) -> set[int]:
        seen = set()
        while not enough.is_set():
            areas.reload_if_changed()
            codes = areas.communities("990101")
            assert areas.get(codes[-1]).code == codes[-1]
            seen.add(areas.count())
        return seen

    with closing(Areas.open(path)) as areas, ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, areas) for _ in range(8)]
        try:
            for grids in range(1, 6):
                load_areas(
                    generated_county(tmp_path / "b.csv", 400, grids_per_community=grids), path
                )
                counts.add(405 + 400 * grids)
        finally:
            enough.set()
        assert all(reader.result() <= counts for reader in readers)
        areas.reload_if_changed()
        assert areas.count() == max(counts)


def test_descriptors_are_closed_when_threads_and_files_have_gone(tmp_path: Path) -> None:
    path = tmp_path / "areas.db"
    rows = [("22", "吉林省")]
    gc.collect()
    with closing(tree_of(tmp_path, *rows)) as areas:
        before = descriptors()
        for number in range(1, 6):
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(areas.exists, ["11"] * 20))
            rows.append((f"22{number:02d}", "某市"))
            load_areas(write_areas(tmp_path / "b.csv", rows), path)
            assert areas.reload_if_changed()
        assert areas.count() == 6
        assert descriptors() == before
