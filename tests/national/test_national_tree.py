"""The national list of areas loads whole, and is read in little memory."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from shared.areas.csv_file import read_rows
from shared.areas.loading import SHIPPED, load_areas
from shared.areas.tree import Area, Level, ancestors
from tests.national.conftest import National
from tests.support.paths import ROOT

pytestmark = pytest.mark.requirement("A1")

MEMORY_GROWTH_MB = 20

READS_EVERY_NAME = """
import sys
from pathlib import Path
import psutil
from shared.areas.tree import Areas
process = psutil.Process()
areas = Areas.open(Path(sys.argv[1]))
before = most = process.memory_info().rss
for province in areas.roots():
    for county in (c for city in areas.children(province.code) for c in areas.children(city.code)):
        for code in areas.communities(county.code):
            areas.full_name(code)
        most = max(most, process.memory_info().rss)
print((most - before) / 1e6)
"""


def test_every_level_is_whole_when_loaded(national: National) -> None:
    assert dict(national.result.counts) == {
        Level.PROVINCE: 31,
        Level.CITY: 342,
        Level.COUNTY: 2_978,
        Level.TOWNSHIP: 41_352,
        Level.COMMUNITY: 620_573,
        Level.GRID: 0,
    }
    assert national.result.total == national.areas.count() == 665_276
    assert len(national.areas.roots()) == 31


def test_shipped_county_is_the_packages_when_compared(national: National) -> None:
    shipped = [Area(row.code, row.name) for row in read_rows(SHIPPED)]
    county = (national.areas.under("220581", level) for level in Level)
    above = [national.areas.get(code) for code in ("22", "2205")]

    assert shipped == sorted(chain(above, *county), key=lambda area: area.code)
    assert national.result.added == 665_276 - len(shipped)
    assert national.result.renamed == 0


def test_every_community_is_found_under_its_county_when_walked(national: National) -> None:
    areas = national.areas
    counties = [
        area.code for root in areas.roots() for area in areas.under(root.code, Level.COUNTY)
    ]

    walked = [code for county in counties for code in areas.communities(county)]

    assert len(walked) == 620_573
    assert walked == sorted(walked)
    assert max(len(areas.communities(county)) for county in counties) == 1_526


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("220581002", "吉林省通化市梅河口市光明街道"),
        ("110101001001", "北京市东城区东华门街道多福巷社区居委会"),
        ("441900003", "广东省东莞市东城街道"),
        ("350527000000", "福建省泉州市金门县"),
    ],
)
def test_full_name_reads_as_on_an_envelope_when_asked(
    national: National, code: str, name: str
) -> None:
    assert national.areas.full_name(code) == name


def test_memory_stays_small_when_every_name_is_read(national: National) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READS_EVERY_NAME, str(national.path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )

    assert 0 < float(done.stdout) < MEMORY_GROWTH_MB


def test_grids_are_added_when_the_national_tree_is_there(
    national: National, tmp_path: Path
) -> None:
    community = national.areas.communities("220581")[0]
    grids = tmp_path / "grids.csv"
    grids.write_text(f"code,name\n{community}001,第一网格\n", encoding="utf-8")
    copy = tmp_path / "areas.db"
    copy.write_bytes(national.path.read_bytes())

    result = load_areas(grids, copy)

    assert (result.added, result.total) == (1, 665_277)
    assert ancestors(f"{community}001")[-2] == community
