"""Devices: what each PLC says, and clearing one after its cause is gone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.authority import Clearer, Viewer
from api.garage_copy import Current, Link, ask
from api.order_body import NAME_PATTERN
from api.problem import unknown
from api.schema import commanding, listing, single
from controller.local_link.messages import ClearDevice, DeviceView

router = APIRouter(prefix="/devices", tags=["devices"])


@router.get("", summary="All devices", responses=listing("devices", DeviceView))
async def every(copy: Current, _actor: Viewer) -> Response:
    """Every device with its state, the quality and age of its readings, and all of its status tags."""
    return copy.reply({"devices": copy.snapshot.devices})


@router.get("/{device_id}", summary="One device", responses=single(DeviceView))
async def one(device_id: Annotated[str, Path(max_length=64)], copy: Current, _actor: Viewer) -> Response:
    """One device by its name."""
    for device in copy.snapshot.devices:
        if device.id == device_id:
            return copy.reply_one(device)
    raise unknown("device", device_id)


@router.post("/{device_id}/clear", summary="Clear a device", responses=commanding("The device is being cleared.", None))
async def clear(
    device_id: Annotated[str, Path(max_length=64, pattern=NAME_PATTERN)], link: Link, actor: Clearer
) -> dict[str, bool]:
    """Lets a stopped or aborted device leave that state once its cause is gone; moves nothing.

    Nothing resumes by this: automatic operation is started apart from it.
    """
    await ask(link, ClearDevice(device=device_id, actor=actor.name))
    return {"accepted": True}
