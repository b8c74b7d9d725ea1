"""Fixtures of the command line's tests."""

from __future__ import annotations

import pytest

from tests.cli.garagectl import Garagectl


@pytest.fixture
def garagectl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Garagectl:
    """Run ``garagectl`` with arguments."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("GARAGE_URL", raising=False)
    return Garagectl(monkeypatch, capsys)
