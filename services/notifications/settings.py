"""The environment of the notifications service."""

from typing import ClassVar

from chassis.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """What every service reads, and so far nothing else."""

    service: ClassVar[str] = "notifications"
