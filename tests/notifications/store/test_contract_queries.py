"""The query that people outside rely on runs as it stands, on the read-only role."""

from sqlalchemy import text

from chassis.database import open_engine
from services.notifications.domain.facts import AiFunction
from tests.kit.databases import SessionDatabase
from tests.notifications.builders import RUN_ID, failed_task, task
from tests.notifications.feed import Feed

QUERY = "SELECT notification_type, COUNT(*) as count FROM igny8_notifications_notification WHERE notification_type IN ('ai_image_success', 'ai_image_failed') GROUP BY notification_type;"


def test_image_generation_is_announced_well_or_failed(feed: Feed, database: SessionDatabase) -> None:
    feed.tell(task(), task(), failed_task(), task(AiFunction.GENERATE_IDEAS))
    feed.tell(task(run_id=RUN_ID), task(run_id=RUN_ID))
    engine = open_engine(database.dsn("readonly"), service="notifications", pool_size=1)

    with engine.connect() as connection:
        counts = {row.notification_type: row[1] for row in connection.execute(text(QUERY))}
    engine.dispose()

    assert counts == {"ai_image_success": 3, "ai_image_failed": 1}
