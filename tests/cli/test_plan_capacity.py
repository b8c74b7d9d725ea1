"""``garagectl plan-capacity``: figures, plots, and demand files that are refused with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.garagectl import Garagectl

TOWER = "config/tower-small.toml"
DEMAND = """\
filled = 0.5

[[hours]]
from_h = 9
to_h = 11
arrivals_per_h = 12
store_share = 0.5

[people]
walk_s = [4, 10]
"""


def planned(garagectl: Garagectl, folder: Path, text: str, *more: str) -> tuple[int, dict[str, Any]]:
    file = folder / "demand.toml"
    file.write_text(text, encoding="utf-8")
    ran = garagectl("plan-capacity", "--config", TOWER, "--demand", str(file), "--days", "3", "--json", *more)
    return ran.code, ran.document


def test_the_same_seed_gives_the_same_figures_and_more_customers_wait_longer(
    garagectl: Garagectl, tmp_path: Path
) -> None:
    runs = [planned(garagectl, tmp_path, DEMAND) for _ in range(2)]
    assert runs[0] == runs[1]
    code, quiet = runs[0]
    assert code == 0
    assert quiet["unserved"] == 0
    _, busy = planned(garagectl, tmp_path, DEMAND.replace("arrivals_per_h = 12", "arrivals_per_h = 60"))
    assert busy["mean_wait_s"]["value"] > quiet["mean_wait_s"]["value"]
    assert busy["bottleneck_busy"] > quiet["bottleneck_busy"]


def test_a_folder_gets_pictures_and_a_page_that_needs_nothing_else(garagectl: Garagectl, tmp_path: Path) -> None:
    code, document = planned(garagectl, tmp_path, DEMAND, "--out", str(tmp_path / "plan"))
    assert code == 0
    assert {Path(str(name)).name for name in document["files"]} == {
        "waits.png",
        "utilisation.png",
        "report.html",
        "report.json",
    }
    for name in ("waits.png", "utilisation.png"):
        assert (tmp_path / "plan" / name).read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "plan" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "src=" not in page


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("to_h = 11", "to_h = 8", 5, "not after 9"),
        ("arrivals_per_h = 12", "arrivals_per_h = -1", 6, "greater than or equal to 0"),
        ("arrivals_per_h = 12", "arrivals_per_h = 9999", 6, "less than or equal to 2000"),
        ("store_share = 0.5", "store_share = 1.5", 7, "less than or equal to 1"),
        ("store_share = 0.5", 'store_share = "half"', 7, "number"),
        ("walk_s = [4, 10]", "walk_s = [10, 4]", 10, "above the longest"),
        ("filled = 0.5", "filed = 0.5", 1, "not permitted"),
        ("filled = 0.5", "filled = nan", 1, "finite"),
        ("filled = 0.5\n\n[[hours]]", "filled = 0\n\n[[hours]]\nstore_share = 0.0", 1, "nobody brings"),
        ("[people]", "[[hours]]\nfrom_h = 10\nto_h = 12\narrivals_per_h = 1\nstore_share = 0\n[people]", 10, "overlap"),
    ],
)
def test_what_is_impossible_or_contradicts_itself_is_refused_with_its_line(
    garagectl: Garagectl, tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    text = DEMAND.replace(old, new)
    if "nobody" in reason:
        text = text.replace("\nstore_share = 0.5", "")
    code, document = planned(garagectl, tmp_path, text)
    error = document["error"]
    assert code == 1
    assert error["code"] == "DEMAND_REFUSED"
    assert reason in error["text"]
    assert error["line"] == line


def test_more_cabins_than_there_are_and_a_file_that_is_not_there_are_refused(
    garagectl: Garagectl, tmp_path: Path
) -> None:
    code, document = planned(garagectl, tmp_path, DEMAND, "--cabins", "9")
    assert (code, document["error"]["code"]) == (1, "TOO_FEW_UNITS")
    ran = garagectl("plan-capacity", "--config", TOWER, "--demand", str(tmp_path / "none.toml"), "--json")
    assert (ran.code, ran.document["error"]["code"]) == (1, "DEMAND_UNREADABLE")
