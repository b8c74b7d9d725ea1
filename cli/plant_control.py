"""The control port of the emulated plant: its verdict, and cars that drive up.

Owns the connection. Must never be used by anything that drives the machine: only the demonstration asks here.
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

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        try:
            address = json.loads(self._file.read_text(encoding="utf-8"))
            url = f"http://{address['host']}:{address['port']}{path}"
            response = httpx.request(method, url, json=body, timeout=_TIMEOUT_S, trust_env=False)
            answer = response.json()
        except (OSError, ValueError, KeyError, httpx.HTTPError) as error:
            remedy = "Start the demonstration again; its plant.log says why the plant is gone."
            raise Failure("PLANT_SILENT", "The emulated plant does not answer.", remedy) from error
        if not response.is_success:
            raise Failure(answer["code"], answer["text"], answer["remedy"])
        return answer
