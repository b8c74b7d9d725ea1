"""A state's bytes in a form that can be compared."""

from __future__ import annotations

import json
from typing import Any


def facts(payload: bytes) -> Any:
    """The document, with what has no order in order."""
    document = json.loads(payload)
    document["held"].sort()
    document["precautions"]["doubted"].sort()
    for order in document["orders"]:
        order["claims"].sort()
    return document
