"""Fixtures of the campaign's tests."""

from __future__ import annotations

from tests.cli.conftest import garagectl

__all__ = ["garagectl"]
