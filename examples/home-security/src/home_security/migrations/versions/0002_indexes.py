"""Indexes for what pages ask: the newest events, the alerts that are open, the audit by time."""

from alembic import op

revision = "0002"
down_revision = "0001"

INDEXES = (
    ("event", ["household_id", "at"]),
    ("alert", ["household_id", "status"]),
    ("audit_entry", ["household_id", "at"]),
)


def upgrade() -> None:
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    for table, columns in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table_name=table)
