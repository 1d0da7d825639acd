"""Which version of a content its readers see, and deliveries that take content off."""

from alembic import op

revision = "0007"
down_revision = "0006"

VERSIONS = """
ALTER TABLE publication
    ADD deliveries integer NOT NULL DEFAULT 1,
    ADD action text NOT NULL DEFAULT 'publish',
    ADD published_version integer NOT NULL DEFAULT 0;
UPDATE publication SET published_version = content_version WHERE state = 'published';
ALTER TABLE publication
    ALTER deliveries DROP DEFAULT,
    ALTER action DROP DEFAULT,
    ALTER published_version DROP DEFAULT,
    ADD CONSTRAINT publication_action CHECK (action IN ('publish', 'unpublish')),
    ADD CONSTRAINT publication_published_has_a_version CHECK (
        published_version > 0 OR (state <> 'published' AND action = 'publish') OR state = 'retracted'
    );
CREATE UNIQUE INDEX publication_shown ON publication (content_id) WHERE published_version > 0;

ALTER TABLE content ADD published_version integer NOT NULL DEFAULT 0;
UPDATE content SET published_version = shown.published_version
    FROM publication shown
    WHERE shown.content_id = content.id AND shown.published_version > 0 AND content.site_status = 'published';
ALTER TABLE content
    ALTER published_version DROP DEFAULT,
    ADD CONSTRAINT content_published_has_a_version CHECK ((published_version > 0) = (site_status = 'published'));
"""


def upgrade() -> None:
    op.execute(VERSIONS)
