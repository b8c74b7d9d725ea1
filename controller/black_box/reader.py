"""From a recording's bytes to its messages, and what is wrong with it where it is damaged.

Owns reading. Must never raise for what a power cut does to a file: what can be read is given, and the end is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import zstandard

from controller.black_box.form import HEADER_BYTES, FormError, Message, length_of, pack, unpack

_READ_BYTES = 1 << 18
WINDOW_BYTES_MAX = 1 << 27


class RecordingError(Exception):
    """The file cannot be read at all: ``text`` says why, and ``remedy`` what to do."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code, self.text, self.remedy = code, text, remedy


class Reader:
    """One recording. After ``messages`` has ended, ``damage`` says what is wrong with its content, empty for nothing;
    ``is_open`` says that it has no proper end, as after a kill or a power cut, or while it is still written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.damage = ""
        self.is_open = False

    def messages(self) -> Iterator[Message]:
        """Every message up to the end, or up to the damage.

        Raises:
            RecordingError: there is no such file, or it cannot be opened.
        """
        try:
            with self._path.open("rb") as file:
                yield from self._decoded(_Frames(iter(lambda: file.read(_READ_BYTES), b"")))
        except OSError as error:
            raise RecordingError(
                "RECORDING_UNREADABLE", f"It cannot be read: {error.strerror}.", "Check the path and your rights."
            ) from error

    def _decoded(self, frames: _Frames) -> Iterator[Message]:
        try:
            while len(header := frames.take(HEADER_BYTES)) == HEADER_BYTES:
                length = length_of(header)
                content = frames.take(length)
                if len(content) < length:
                    self.is_open = True
                    return
                yield unpack(header, content)
        except (FormError, zstandard.ZstdError) as error:
            self.damage = str(error)
        else:
            self.is_open = bool(header) or frames.is_open


class _Frames:
    """Bytes out of zstd frames that stand one after the other. The last one may have no end."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._plain = bytearray()
        self._unused = b""
        self._frame: zstandard.ZstdDecompressionObj | None = None

    @property
    def is_open(self) -> bool:
        """A frame has begun and not ended."""
        return self._frame is not None

    def take(self, count: int) -> bytes:
        """So many bytes, fewer at the end."""
        while len(self._plain) < count and self._read():
            pass
        taken = bytes(self._plain[:count])
        del self._plain[:count]
        return taken

    def _read(self) -> bool:
        block = self._unused or next(self._blocks, b"")
        self._unused = b""
        if not block:
            return False
        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX).decompressobj()
        self._plain += self._frame.decompress(block)
        if self._frame.eof:
            self._unused, self._frame = self._frame.unused_data, None
        return True


def mend_end(path: Path) -> bool:
    """Give a segment whose writer died its proper end, so that others can stand behind it; False when it has one.

    Raises:
        OSError: it cannot be read or written.
    """
    reader = Reader(path)
    temporary = path.with_suffix(".new")
    try:
        with temporary.open("wb") as out, zstandard.ZstdCompressor(write_checksum=True).stream_writer(out) as packed:
            for message in reader.messages():
                packed.write(pack(message))
        if not reader.damage and not reader.is_open:
            return False
        temporary.replace(path)
    except RecordingError as error:
        raise OSError(error.text) from error
    finally:
        temporary.unlink(missing_ok=True)
    return True
