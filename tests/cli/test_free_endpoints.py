"""The demonstration on a machine where ports are in use."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from cli.failure import Failure
from cli.free_endpoints import on_free_ports
from controller.config.check import check
from controller.config.models import GarageConfig


def test_free_ports_stay_as_they_are(config_on_free_ports: Callable[[str], GarageConfig]) -> None:
    config = config_on_free_ports("tower-small")
    assert on_free_ports(config) == (config, [])


def test_a_port_in_use_is_replaced_and_said(config_on_free_ports: Callable[[str], GarageConfig]) -> None:
    config = config_on_free_ports("tower-small")
    with socket.create_server(("127.0.0.1", config.api.port)):
        changed, moved = on_free_ports(config)
    assert [(move.owner, move.configured) for move in moved] == [("api", config.api.port)]
    assert changed.api.port == moved[0].used != config.api.port
    assert check(changed) == []


def test_an_address_of_another_machine_is_refused(config_on_free_ports: Callable[[str], GarageConfig]) -> None:
    config = config_on_free_ports("tower-small")
    elsewhere = config.links[0].model_copy(update={"host": "192.0.2.1"})
    with pytest.raises(Failure, match="ADDRESS_NOT_USABLE"):
        on_free_ports(config.model_copy(update={"links": (elsewhere, *config.links[1:])}))
