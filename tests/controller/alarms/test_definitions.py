"""The definitions as a list: rationalised, complete, and free of what could hide a danger."""

from __future__ import annotations

from collections import Counter

import pytest

from controller.alarms.catalogue import Catalogue, sources_of
from controller.alarms.definition import AlarmDefinitionError, Priority, Source, Suppression
from controller.alarms.definitions import DEFINITIONS, by_code
from controller.alarms.definitions.device_faults import CONSEQUENCES, SAME_AS, code_of
from controller.config.load import load_config
from controller.garage import Layout
from plc_drivers.contract.codes import FaultCode
from tests.controller.alarms.bench import definition
from tests.simulation.test_orders import CONFIG, GARAGES


def test_priorities_are_spread_as_people_can_answer_them() -> None:
    shares = Counter(d.priority for d in DEFINITIONS)
    total = sum(shares.values())
    assert 0.70 <= shares[Priority.LOW] / total <= 0.85
    assert 0.10 <= shares[Priority.MEDIUM] / total <= 0.20
    assert 0.02 <= shares[Priority.HIGH] / total <= 0.08


def test_every_fault_code_has_an_alarm_or_is_the_consequence_of_its_zone() -> None:
    codes = by_code()
    for fault in FaultCode:
        if fault not in CONSEQUENCES:
            assert code_of(fault) in codes, fault
    assert set(SAME_AS) & CONSEQUENCES == set()


@pytest.mark.parametrize("kind", DEFINITIONS, ids=lambda d: d.code)
def test_texts_are_sentences_and_name_only_the_source(kind: object) -> None:
    found = by_code()[getattr(kind, "code")]  # noqa: B009 - the parameter is typed loosely for its id
    for text in (found.cause, found.consequence, found.action):
        assert text.format(source="lift1").rstrip().endswith("."), text
        assert "DEVICE" not in text
    assert not found.title.format(source="lift1").endswith(".")


@pytest.mark.parametrize("hidden", [{"shelve_s_max": 60}, {"suppressed_while": (Suppression.GARAGE_STOPPED,)}])
def test_a_safety_alarm_that_could_be_hidden_cannot_be_defined(hidden: dict[str, object]) -> None:
    fields: dict[str, object] = {"is_safety": True, "hazard": "H12", "shelve_s_max": 0}
    with pytest.raises(AlarmDefinitionError, match="hidden"):
        definition("x", **(fields | hidden))


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": Priority.HIGH, "respond_within_min": 60},
        {"is_safety": True, "shelve_s_max": 0},
        {"on_delay_ms": -1},
        {"action": ""},
        {"sources": ()},
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(AlarmDefinitionError):
        definition("x", **wrong)


@pytest.mark.parametrize("name", GARAGES)
def test_every_lift_shuttle_cabin_zone_and_link_has_its_alarms(name: str) -> None:
    layout = Layout(load_config(CONFIG / f"{name}.toml"))
    catalogue = Catalogue.of(layout)
    ids = {alarm.id for alarm in catalogue}
    assert len(ids) == len(list(catalogue))
    for kind, named in sources_of(layout).items():
        for source in named:
            wanted = {f"{source}.{d.code}" for d in DEFINITIONS if kind in d.sources}
            assert wanted
            assert wanted <= ids
    zones = set(layout.config.safety.zones)
    for alarm in catalogue:
        assert alarm.zones
        assert alarm.zones <= zones
        assert "{" not in alarm.title + alarm.cause + alarm.consequence + alarm.action
    assert {a.source for a in catalogue if a.kind is Source.ZONE} == {f"zone{zone}" for zone in zones}
