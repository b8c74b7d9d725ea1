"""Examples in the OpenAPI document: one moment of a retrieval in a car tower."""

from __future__ import annotations

from typing import Any

ORDER: dict[str, Any] = {
    "id": "o-17",
    "kind": "retrieve",
    "vehicle": "mustang-01",
    "state": "active",
    "phase": "shuttle1 brings the car to lift1",
    "source": "l3-c2-left",
    "target": "cabin1-bay",
    "cabin": "cabin1",
    "leg": 1,
    "legs": 2,
    "progress": 0.35,
    "accepted_at": 1_767_225_600_000,
    "started_at": 1_767_225_600_400,
    "ended_at": None,
    "eta_ms": 1_767_225_674_000,
    "waiting_for": None,
    "outcome": None,
    "eta_early_ms": 1_767_225_668_000,
    "eta_late_ms": 1_767_225_691_000,
    "promised_ms": 1_767_225_702_000,
    "served_at": None,
}
BOOKING: dict[str, Any] = {
    "id": "b-000007",
    "kind": "retrieve",
    "vehicle": "mustang-01",
    "state": "announced",
    "from_ms": 1_767_279_600_000,
    "to_ms": 1_767_280_500_000,
    "made_at": 1_767_225_600_000,
    "purpose": "test drive",
    "arrival_ms": 1_767_279_900_000,
    "order": None,
    "ended_at": None,
    "next": "Its order is made so that the car is brought just before the customer comes.",
    "waiting_for": None,
    "outcome": None,
    "eta_ms": 1_767_279_900_000,
    "eta_early_ms": 1_767_279_900_000,
    "eta_late_ms": 1_767_279_912_000,
}
VEHICLE: dict[str, Any] = {
    "id": "mustang-01",
    "model": "Ford Mustang",
    "position": "l3-c2-left",
    "heading": "right",
    "length_mm": 4784,
    "width_mm": 2081,
    "height_mm": 1381,
    "weight_kg": 1720,
    "electric": False,
    "order": "o-17",
    "reason": None,
}
NOT_READY: dict[str, Any] = {
    "type": "urn:garage-controller:problem:not-ready",
    "title": "Not ready",
    "status": 503,
    "detail": "The garage does not take orders now; 'reasons' says why.",
    "code": "NOT_READY",
    "remedy": "Remove the reasons, then start automatic operation.",
    "reasons": [
        {
            "code": "DEVICE_STOPPED",
            "text": "lift1 is STOPPED: the PLC started anew.",
            "remedy": "Look at the machine, then clear lift1.",
        }
    ],
}
