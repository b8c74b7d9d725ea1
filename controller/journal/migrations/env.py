"""Runs the migrations on the connection that ``controller.journal.database`` hands over.

Owns nothing. Must never open a database by itself: the lock on the journal is held by the caller.
"""

from __future__ import annotations

from alembic import context

from controller.journal.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
