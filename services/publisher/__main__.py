"""`python -m services.publisher [--check]`."""

from chassis.entry import run_service
from services.publisher.app import serve
from services.publisher.settings import PublisherSettings

if __name__ == "__main__":
    run_service(PublisherSettings, serve)
