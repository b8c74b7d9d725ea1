"""Snapshots of the state, and the anchor that keeps the chain verifiable when its oldest events are removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BEHIND_A_SNAPSHOT = "EXISTS (SELECT 1 FROM snapshot WHERE seq >= NEW.seq)"
_OF_THE_CHAIN = "NEW.hash IS (SELECT hash FROM journal WHERE seq = NEW.seq)"


def upgrade() -> None:
    """Make both tables; from now on events may be deleted up to the anchor, and the anchor moves forward only."""
    op.create_table(
        "snapshot",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "anchor",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.execute("INSERT INTO anchor VALUES (1, 0, 0, zeroblob(32))")
    op.execute("DROP TRIGGER journal_no_delete")
    op.execute(
        "CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal "
        "WHEN OLD.seq > (SELECT seq FROM anchor WHERE id = 1) "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER anchor_forward BEFORE UPDATE ON anchor "
        f"WHEN NEW.id <> 1 OR NEW.seq <= OLD.seq OR NOT {_BEHIND_A_SNAPSHOT} OR NOT ({_OF_THE_CHAIN}) "
        "BEGIN SELECT RAISE(ABORT, 'the anchor moves forward, along the chain and behind a snapshot'); END"
    )
    for act in ("INSERT", "DELETE"):
        op.execute(
            f"CREATE TRIGGER anchor_no_{act.lower()} BEFORE {act} ON anchor "
            "BEGIN SELECT RAISE(ABORT, 'there is one anchor'); END"
        )
    op.execute(
        "CREATE TRIGGER snapshot_needed BEFORE DELETE ON snapshot "
        "WHEN (SELECT seq FROM anchor WHERE id = 1) > 0 "
        "AND NOT EXISTS (SELECT 1 FROM snapshot WHERE seq <> OLD.seq AND seq >= (SELECT seq FROM anchor WHERE id = 1)) "
        "BEGIN SELECT RAISE(ABORT, 'events before this snapshot are gone'); END"
    )


def downgrade() -> None:
    """Refuse: going back would throw the journal away.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("the journal is never migrated backwards; restore a copy instead")
