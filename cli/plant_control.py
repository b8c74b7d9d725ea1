"""The control port of the emulated plant: its verdict, cars that drive up, and faults of sensors and PLCs.

Owns the connection. Must never be used by anything that drives the machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from cli.failure import Failure

ADDRESS_FILE = "plant-control.json"
"""Where a running plant leaves host and port of its control port, below its state folder."""

_TIMEOUT_S = 5.0


class PlantControl:
    """The control port of the plant whose state folder is ``state``."""

    def __init__(self, state: Path) -> None:
        self._file = state / ADDRESS_FILE

    def answers(self) -> bool:
        """True once the plant is up: it leaves its address when all of its servers listen."""
        return self._file.is_file()

    def bring(self, vehicle: Mapping[str, object]) -> None:
        """Let a car drive up; it goes into the first cabin that invites.

        Raises:
            Failure: PLANT_SILENT, or the code with which the plant refuses.
        """
        self._ask("POST", "/arrivals", {"vehicle": vehicle})

    def violations(self) -> dict[str, int]:
        """What the plant's judge has seen so far: count by kind.

        Raises:
            Failure: PLANT_SILENT.
        """
        counts = self._ask("GET", "/verdict")["counts"]
        return {str(kind): int(count) for kind, count in counts.items()}

    def world(self) -> dict[str, Any]:
        """Where everything truly is: lifts, shuttles, cabins, vehicles and people by id.

        Raises:
            Failure: PLANT_SILENT.
        """
        found: dict[str, Any] = self._ask("GET", "/world")
        return found

    def faults(self) -> dict[str, Any]:
        """``faults`` that there are now, and ``sensors``: every path at which one can sit.

        Raises:
            Failure: PLANT_SILENT.
        """
        found: dict[str, Any] = self._ask("GET", "/faults")
        return found

    def inject(self, fault: Mapping[str, object]) -> dict[str, Any]:
        """Put a fault in; what the plant made of it.

        Raises:
            Failure: PLANT_SILENT, or the code with which the plant refuses.
        """
        found: dict[str, Any] = self._ask("POST", "/faults", fault)
        return found

    def repair(self, target: str | None) -> int:
        """Take out the fault of ``target``, all of them for None; how many those were.

        Raises:
            Failure: PLANT_SILENT, or NO_FAULT.
        """
        return int(self._ask("POST", "/faults/clear", {} if target is None else {"target": target})["cleared"])

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        try:
            address = json.loads(self._file.read_text(encoding="utf-8"))
            url = f"http://{address['host']}:{address['port']}{path}"
            response = httpx.request(method, url, json=body, timeout=_TIMEOUT_S, trust_env=False)
            answer = response.json()
        except (OSError, ValueError, KeyError, httpx.HTTPError) as error:
            text = f"No emulated plant answers at the address in {self._file}."
            remedy = "Start one with a control port; where it was started, its log says why it is gone."
            raise Failure("PLANT_SILENT", text, remedy) from error
        if not response.is_success:
            raise Failure(answer["code"], answer["text"], answer["remedy"])
        return answer
