"""Moving a shipped garage to other ports."""

from __future__ import annotations

from collections.abc import Callable

from controller.config.check import check
from controller.config.endpoints import endpoints
from controller.config.models import GarageConfig


def test_a_garage_on_free_ports_is_still_valid_and_uses_each_port_once(
    config_on_free_ports: Callable[[str], GarageConfig],
) -> None:
    config = config_on_free_ports("tower-guangzhou")
    ports = [port for _, _, port in endpoints(config)]
    assert len(ports) == len(set(ports)) == 5
    assert not {8080, 15010, 15011, 15012, 15013} & set(ports)
    assert check(config) == []
