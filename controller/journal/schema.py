"""The tables of the journal's database, as they are at the newest revision.

Owns names and types of the columns. Must never change without a migration beside it.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

REVISION = "0001"
"""The newest migration; a database that names another one is older (migrated) or newer (refused)."""

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
