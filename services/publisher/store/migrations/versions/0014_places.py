"""Where content stands on the calendar stays where it was booked, and under which limits: whatever becomes of it afterwards."""

from alembic import op

revision = "0014"
down_revision = "0013"

# What it was until now stays: a published content's time of publication, a failed one's last change.
PLACE = """
ALTER TABLE content ALTER COLUMN calendar_at DROP EXPRESSION;
ALTER TABLE content ADD COLUMN booked_under jsonb;
"""

# By a trigger, so that no statement can forget it, and publishers of the version before keep it too.
# A place is taken under the lock of the site's settings, so these are the limits it was held against.
FUNCTION = """
CREATE FUNCTION place_content() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.calendar_at := COALESCE(NEW.scheduled_publish_at, NEW.published_at, NEW.updated_at);
        RETURN NEW;
    END IF;
    NEW.calendar_at := CASE
        WHEN NEW.site_status = 'not_published' THEN NULL
        WHEN NEW.scheduled_publish_at IS NOT NULL THEN NEW.scheduled_publish_at
        WHEN NEW.site_status = 'publishing' THEN NEW.updated_at
        ELSE COALESCE(OLD.calendar_at, NEW.updated_at)
    END;
    IF NEW.calendar_at IS NULL THEN
        NEW.booked_under := NULL;
    ELSIF NEW.calendar_at IS DISTINCT FROM OLD.calendar_at THEN
        NEW.booked_under := (
            SELECT jsonb_build_object('time_zone', time_zone, 'day', daily_limit, 'week', weekly_limit, 'month', monthly_limit)
            FROM publishing_settings WHERE site_id = NEW.site_id
        );
    END IF;
    RETURN NEW;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER content_placed_first BEFORE INSERT ON content
    FOR EACH ROW WHEN (NEW.site_status <> 'not_published') EXECUTE FUNCTION place_content();
CREATE TRIGGER content_placed BEFORE UPDATE ON content
    FOR EACH ROW WHEN (
        NEW.site_status <> OLD.site_status OR NEW.scheduled_publish_at IS DISTINCT FROM OLD.scheduled_publish_at
    ) EXECUTE FUNCTION place_content();
"""


def upgrade() -> None:
    for statements in (PLACE, FUNCTION, TRIGGERS):
        op.execute(statements)
