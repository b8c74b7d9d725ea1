"""What tests of the emulated PLCs share."""

from __future__ import annotations

import pytest

from tests.sim_hardware.panel import Panel
from tests.sim_hardware.plc.garage_panel import panel_of


@pytest.fixture
def panel() -> Panel:
    return panel_of()
