"""Between connections and their messages. No secret goes through here but one that was just made."""

from igny8.publisher import v1 as publisher

from chassis.plain import instant_to_proto, maybe_instant_to_proto
from services.publisher.domain.connection import Connection, Secret
from services.publisher.domain.finding import Finding
from services.publisher.domain.target import Target
from services.publisher.usecases.connections import Wanted


def connection_to_proto(connection: Connection) -> publisher.Connection:
    return publisher.Connection(
        site_id=connection.site_id,
        target=connection.target.value,
        url=connection.url,
        username=connection.username,
        status=publisher.Connection.Status.Value(f"STATUS_{connection.status.name}"),
        cause=connection.cause.value if connection.cause else "",
        reason=connection.reason,
        tested_at=maybe_instant_to_proto(connection.tested_at),
        overlap_ends_at=maybe_instant_to_proto(connection.overlap_ends_at),
        etag=connection.etag,
        created_at=instant_to_proto(connection.created_at),
        updated_at=instant_to_proto(connection.updated_at),
    )


def finding_to_proto(finding: Finding) -> publisher.ConnectionFinding:
    return publisher.ConnectionFinding(
        cause=finding.cause.value, message=finding.sentence, blocks=finding.blocks
    )


def wanted_from_proto(request: publisher.PutConnectionRequest) -> Wanted:
    return Wanted(
        target=Target(request.target),
        url=request.url,
        username=request.username.strip(),
        password=Secret(request.password.strip()),
    )
