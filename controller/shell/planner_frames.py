"""What goes over the pipes between the control process and its planner: a length, then a message.

Owns the frames and their bounds. Must never read or write by itself.
"""

from __future__ import annotations

import struct
from typing import TypeVar

import msgspec

from controller.planning.advice import Advice, Picture, PlannerReady

FRAME_BYTES_MAX = 4_000_000
"""A configuration of 1,000 places with its cars takes some 200 kB, a picture less."""

_HEADER = struct.Struct(">I")
HEADER_BYTES = _HEADER.size


class _Configuration(msgspec.Struct, frozen=True, tag="configuration"):
    json: str


_ENCODER = msgspec.msgpack.Encoder()
_CONFIGURATION = msgspec.msgpack.Decoder(_Configuration)
_PICTURE = msgspec.msgpack.Decoder(Picture)
_WORD: msgspec.msgpack.Decoder[Advice | PlannerReady] = msgspec.msgpack.Decoder(Advice | PlannerReady)
_Message = TypeVar("_Message")


class FrameError(ValueError):
    """The bytes are no frame of this kind."""


def configuration(json: str) -> bytes:
    """The frame that a planner is told first."""
    return _framed(_Configuration(json))


def pack(message: Picture | Advice | PlannerReady) -> bytes:
    """A message as a frame."""
    return _framed(message)


def size_of(header: bytes) -> int:
    """How many bytes follow a header.

    Raises:
        FrameError: more than any message has.
    """
    (size,) = _HEADER.unpack(header)
    if size > FRAME_BYTES_MAX:
        raise FrameError(f"a frame of {size} bytes is none")
    return int(size)


def configuration_of(content: bytes) -> str:
    """The configuration in the content of a frame.

    Raises:
        FrameError: it is no configuration.
    """
    return _decoded(_CONFIGURATION, content).json


def picture_of(content: bytes) -> Picture:
    """The picture in the content of a frame.

    Raises:
        FrameError: it is no picture.
    """
    return _decoded(_PICTURE, content)


def word_of(content: bytes) -> Advice | PlannerReady:
    """What a planner says in the content of a frame.

    Raises:
        FrameError: nothing that can be understood.
    """
    return _decoded(_WORD, content)


def _decoded(decoder: msgspec.msgpack.Decoder[_Message], content: bytes) -> _Message:
    try:
        return decoder.decode(content)
    except msgspec.DecodeError as error:
        raise FrameError(str(error)) from error


def _framed(message: msgspec.Struct) -> bytes:
    content = _ENCODER.encode(message)
    return _HEADER.pack(len(content)) + content
