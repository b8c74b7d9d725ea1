"""The tables of the journal's database, as they are at the newest revision.

Owns names and types of the columns. Must never change without a migration beside it.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

REVISION = "0002"
"""The newest migration; a database that names another one is older (migrated) or newer (refused)."""

WITHOUT_ANCHOR = "0001"
"""The one older revision, which had events only; it can be read as it is."""

METADATA = MetaData()

JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""One row per event: its number without gaps, Unix time in ms, its kind, its JSON, and the chained hash."""

SNAPSHOT = Table(
    "snapshot",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Integer, nullable=False),
    Column("format", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
"""The state after event ``seq``: the format of its bytes, the chain's hash there, and a digest over all of the row."""

ANCHOR = Table(
    "anchor",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""One row: number, time and hash of the last event that was removed, from which the chain goes on; 0 at first."""
