"""An index of what each site has planned, without all that it has published: what is overdue is read with every calendar."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX content_planned ON content (site_id, scheduled_publish_at, id)"
        " WHERE site_status = 'scheduled'"
    )
