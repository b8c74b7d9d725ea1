"""The hash chain that makes a changed, missing or foreign row of the journal show.

Owns how a row's hash is made. Must never be used to repair anything. The chain proves order and content up to
the newest row; rows cut off at the very end leave a shorter chain that is whole, which no chain can show.
"""

from __future__ import annotations

import hashlib
import struct

GENESIS = bytes(32)
"""What stands for the hash before the first row."""

_HEAD = struct.Struct(">32sqqH")


def link_hash(previous: bytes, seq: int, at_ms: int, kind: str, payload: bytes) -> bytes:
    """Hash of one row (32 bytes): SHA-256 over the previous hash, number, time, and the lengths-marked rest.

    The kind's length goes in with it, so that no byte can pass from kind to payload unseen.
    """
    name = kind.encode()
    digest = hashlib.sha256(_HEAD.pack(previous, seq, at_ms, len(name)))
    digest.update(name)
    digest.update(payload)
    return digest.digest()


_SNAPSHOT = struct.Struct(">8s32sqqq")


def snapshot_digest(chain: bytes, seq: int, at_ms: int, form: int, payload: bytes) -> bytes:
    """Digest of a snapshot (32 bytes), over the chain's hash at its event as over its own content."""
    digest = hashlib.sha256(_SNAPSHOT.pack(b"snapshot", chain, seq, at_ms, form))
    digest.update(payload)
    return digest.digest()
