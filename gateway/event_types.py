"""The events of the suite as the protos declare them: domain, name, message, sender, and who may hear of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FileDescriptor
from igny8.options.v1 import options_pb2

from chassis.access import ROLE_NEEDED
from chassis.identity import Caller, Role
from chassis.outbox import JOBS_DOMAIN
from gateway.operations import service_of


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event. Jobs are no events: they are handed to one worker, and nobody outside hears of them."""

    domain: str
    event: str
    message: Descriptor
    service: str
    """The service that tells it."""
    role: Role
    """The least role of an account that hears of it."""

    @property
    def name(self) -> str:
        """`<domain>.<event>`, the `event` of an event stream."""
        return f"{self.domain}.{self.event}"


class EventTypes:
    """Every event type by name, and what a caller may hear of."""

    def __init__(self, files: Iterable[FileDescriptor]) -> None:
        self.all = sorted(_types_of(files), key=lambda one: one.name)
        self.domains = frozenset(one.domain for one in self.all)
        self._needed = {one.name: one.role for one in self.all}

    def may_hear(self, caller: Caller, name: str) -> bool:
        """Whether the caller's role is enough for an event; one that this build does not know is for owners."""
        return caller.role >= self._needed.get(name, Role.OWNER)

    def domains_for(self, caller: Caller) -> frozenset[str]:
        """The domains in which there is anything for the caller."""
        return frozenset(one.domain for one in self.all if caller.role >= one.role)

    def needed_for(self, domain: str) -> Role:
        """The least role that hears of anything in a domain."""
        return min(one.role for one in self.all if one.domain == domain)


def _types_of(files: Iterable[FileDescriptor]) -> Iterable[EventType]:
    for file in files:
        for message in file.message_types_by_name.values():
            options = message.GetOptions()
            event = options.Extensions[options_pb2.event]
            if options.HasExtension(options_pb2.event) and event.domain != JOBS_DOMAIN:
                role = ROLE_NEEDED.get(event.access, Role.VIEWER)
                yield EventType(event.domain, event.name, message, service_of(file), role)
