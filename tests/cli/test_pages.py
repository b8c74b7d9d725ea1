"""Generated pages and lock files are current."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cli.pages import main, pages, stale, write

ROOT = Path(__file__).parents[2]


def test_the_committed_pages_are_what_the_code_would_write() -> None:
    assert stale() == []


def test_a_page_that_is_absent_or_changed_is_written_anew(tmp_path: Path) -> None:
    assert set(write(tmp_path)) == set(pages())
    (tmp_path / "docs/configuration.md").write_text("old", encoding="utf-8")
    assert stale(tmp_path) == [Path("docs/configuration.md")]
    assert write(tmp_path) == [Path("docs/configuration.md")]
    assert stale(tmp_path) == []


def test_the_check_exits_0_when_all_is_current() -> None:
    assert main(["--check"]) == 0


def test_every_key_of_the_configuration_has_a_meaning() -> None:
    page = pages()[Path("docs/configuration.md")]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_a_lock_file_pins_every_dependency_with_hashes_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["build"]
    if name == "dev":
        wanted += project["optional-dependencies"]["dev"]
    pinned = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.MULTILINE))
    names = {re.split(r"[\[=<>~! ;]", requirement)[0].lower() for requirement in wanted}
    assert names - pinned == set()
    assert "://" not in text
    assert "index" not in text
    assert len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
