"""The published contract: its tables and its worked example are what the code does."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from plc_drivers import contract_example, outputs
from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DEFINITIONS, DeviceKind
from plc_drivers.contract.codes import ACK_HELP, DONE_HELP, FAULT_HELP, AckResult, DoneResult, FaultCode
from plc_drivers.contract_tables import device_table, documents, kind_table, main, to_json, to_markdown, write_documents
from plc_drivers.modbus.settings import ModbusTcpSettings
from plc_drivers.modbus.tcp_link import ModbusTcpLink
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.profile import parse_profile

DOCS = Path(__file__).parents[2] / "docs"
CONTRACT = (DOCS / "plc-contract.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(documents()))
def test_the_committed_tables_are_current(name: str) -> None:
    committed = (DOCS / "contract" / name).read_text(encoding="utf-8")
    assert committed == documents()[name], "run: python -m plc_drivers.contract_tables --write docs/contract"


@pytest.mark.parametrize("name", sorted(contract_example.document_blocks()))
def test_the_worked_example_in_the_contract_is_what_the_codec_makes(name: str) -> None:
    assert contract_example.document_blocks()[name] in CONTRACT


async def test_the_worked_example_is_what_the_modbus_link_sends_and_understands() -> None:
    request = contract_example.modbus_request()
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frame = await reader.readexactly(len(request))
        seen.append(frame)
        answer = contract_example.modbus_response(contract_example.ACCEPTED)
        writer.write(frame[:2] + answer[2:])
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        link = ModbusTcpLink(
            ModbusTcpSettings("lift-plc", "127.0.0.1", server.sockets[0].getsockname()[1], timeout_ms=2000),
            [contract_example.BINDING],
        )
        link.start()
        try:
            wanted = PermittedOutputs(outputs._issued, {"lift1": contract_example.OUTPUTS})
            async with asyncio.timeout(10):
                while not link.answers():
                    if not link.busy():
                        link.exchange(wanted)
                    await asyncio.sleep(0.005)
        finally:
            await link.stop()
    assert seen[0][2:] == request[2:]
    answer = link.answers()["lift1"]
    tags = contract_example.BINDING.definition.status
    assert {tag.name: value for tag, value in zip(tags, answer.values, strict=True) if value} == {
        name: value for name, value in contract_example.ACCEPTED.items() if value
    }


def test_every_byte_of_the_request_is_explained_in_the_contract() -> None:
    table = CONTRACT.split("| bytes | meaning |")[1]
    explained = " ".join(re.findall(r"^\| `([0-9a-f ]+)` \|", table, flags=re.MULTILINE))
    assert explained == contract_example.modbus_request().hex(" ")


@pytest.mark.parametrize("kind", list(DeviceKind))
def test_a_table_lists_every_tag_once_with_its_place_and_node(kind: DeviceKind) -> None:
    definition, table = DEFINITIONS[kind], kind_table(kind)
    rows = {row.tag: row for row in (*table.command, *table.status)}
    assert sorted(rows) == sorted(tag.name for tag in definition.status + definition.command)
    for tag in definition.status:
        assert (rows[tag.name].address, rows[tag.name].bit) == (100 + tag.word, tag.bit)
        assert rows[tag.name].node == f"s={table.device}.{tag.name}"
        assert rows[tag.name].access == "R"
    for tag in definition.command:
        assert (rows[tag.name].address, rows[tag.name].access) == (tag.word, "RW")


def test_the_lengths_in_the_contract_are_the_definitions_own() -> None:
    lengths = {kind.name.lower(): definition.status_length for kind, definition in DEFINITIONS.items()}
    assert "lift {lift}, shuttle {shuttle}, cabin {cabin}, safety {safety}".format(**lengths) in CONTRACT
    assert all(definition.command_length in {0, 15} for definition in DEFINITIONS.values())


def test_every_command_of_every_kind_is_explained_in_the_contract() -> None:
    names = {spec.code.name for definition in DEFINITIONS.values() for spec in definition.commands}
    words = {name.replace("_LEFT", "").replace("_RIGHT", "") for name in names}
    assert [word for word in sorted(words) if word not in CONTRACT] == []


def test_every_refusal_and_ending_appears_in_the_contract() -> None:
    names = {code.name for code in (*AckResult, *DoneResult)} - {"NONE"}
    assert [name for name in sorted(names) if name not in CONTRACT] == []


def test_every_code_has_its_explanation() -> None:
    assert (set(ACK_HELP), set(DONE_HELP), set(FAULT_HELP)) == (set(AckResult), set(DoneResult), set(FaultCode))


def test_a_profile_shows_in_the_table_of_its_device() -> None:
    tags = {
        "position_mm": {"address": 400, "word_order": "low-first", "scale": 0.1},
        "rope_taut": {"area": "discrete", "address": 12},
        "speed_ok": {"absent": True},
    }
    opcua = {"namespace": "urn:plant", "pattern": "s=DB.{device}.{tag}"}
    profile = parse_profile({"name": "old", "kinds": ["lift"], "modbus": {"tags": tags}, "opcua": opcua}, "test")
    table = device_table(DeviceBinding("lift9", 9, DeviceKind.LIFT, profile=profile))
    rows = {row.tag: row for row in table.status}
    assert (rows["position_mm"].address, rows["position_mm"].word_order, rows["position_mm"].scale) == (
        400,
        "low-first",
        0.1,
    )
    assert (rows["rope_taut"].area, rows["rope_taut"].address, rows["speed_ok"].address) == ("discrete", 12, None)
    assert (rows["station"].namespace, rows["station"].node) == ("urn:plant", "s=DB.lift9.station")
    text = to_markdown(table)
    assert "400 to 401 low word first (x 0.1 + 0)" in text
    assert "discrete 12" in text


def test_json_is_plain_data() -> None:
    table = json.loads(json.dumps(to_json(kind_table(DeviceKind.CABIN))))
    assert (table["kind"], table["contract_version"], len(table["commands"])) == ("cabin", 1, 10)


def test_documents_are_written_only_where_they_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write", str(tmp_path / "contract")]) == 0
    assert len(capsys.readouterr().out.split()) == len(documents())
    assert write_documents(tmp_path / "contract") == []


def test_one_kind_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kind", "safety"]) == 0
    assert "zone1_estop_released" in capsys.readouterr().out


def test_no_definition_lets_zero_mean_health() -> None:
    for definition in DEFINITIONS.values():
        zeros_bad = {tag.name for tag in definition.status if not tag.admits(0)}
        assert {"device_id", "contract_version", "device_kind", "state", "mode", "health"} <= zeros_bad
