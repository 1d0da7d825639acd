"""`python -m services.notifications [--check]`."""

from chassis.entry import run_service
from services.notifications.app import serve
from services.notifications.settings import NotificationsSettings

if __name__ == "__main__":
    run_service(NotificationsSettings, serve)
