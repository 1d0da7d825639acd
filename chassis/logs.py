"""Structured logs: one line a record for people or machines, with the trace id, known fields only and no secret."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from chassis import telemetry

if TYPE_CHECKING:
    import structlog

    from chassis.settings import ProcessSettings
else:
    # structlog takes rich for tracebacks in colour when it is there: 3 MB a process for what we never show.
    _rich = sys.modules.get("rich")
    sys.modules["rich"] = None
    try:
        import structlog
    finally:
        del sys.modules["rich"]
        if _rich is not None:
            sys.modules["rich"] = _rich

_FIELDS: Final = (
    "account_id actor address aggregate_id ai_task_id ai_tasks amount api_key_id attempt attempts",
    "attempts_max available backoff_seconds batch bytes callee caller caller_kind cancelled captured",
    "chunk cluster_id code component connection constraint consumer content_id count created credits",
    "cutoff deadline_seconds delay_seconds delivered delivery detail domain duplicates duration_ms",
    "elapsed_ms elapsed_seconds environment error error_id event event_id event_type exception",
    "exit_code failed field fields final format free function grant_id grpc_code handled host",
    "http_status idea_id image_id in_flight index item_id items job job_id keyword_id kind",
    "lease_epoch lease_owner lease_until left level limit line lines listen logger lost message_id",
    "method migration mode model_name ms name nats needed notification_id oldest_seconds",
    "operation_type operator outcome owner path pending phase pid platform_loss pool port process",
    "provider provider_request_id publication_id published purged queue ready reason reconnects",
    "released remaining republished request request_id required reservation_id reserved restarts",
    "retry_in_seconds retryable revision role route rows run_id run_items schema scope seconds",
    "sequence service signal site_id size skipped slot stage state status stream stream_sequence",
    "subject subscription table target task task_id threads time_zone timestamp to total trace_id",
    "transaction_id type unit updated user_id verb version waited_seconds waiting workers",
)
_ALLOWED: Final = {name for line in _FIELDS for name in line.split()}
_NOT_LOGGED: Final = "not_logged"
_OWN_PACKAGES: Final = ("chassis", "services", "gateway", "suite")
_SECRET_LENGTH_MIN: Final = 6

# Credentials in the text of somebody else's exception: URLs with a password, bearer tokens, JWTs, provider
# keys, and our own keys, refresh tokens and invitations.
_CREDENTIALS: Final = re.compile(
    r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
    r"|(?i:(?<=bearer )\S+)"
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
    r"|\bsk-[\w-]{8,}"
    r"|\bigny8[a-z]?_[\w-]{43}"
    r"|\$argon2id?\$\S+"
    r"|(?i:(?<=password=)[^\s&'\"]+)"
)
_BLOT: Final = "[secret]"
_secrets: list[str] = []
_state: dict[str, Any] = {"service": "", "json": False, "level": logging.INFO}

Logger = structlog.typing.FilteringBoundLogger


def get_logger(**bound: object) -> Logger:
    """A logger whose records carry the bound fields, the service and the trace id.

    The message is a sentence without variables; what varies is a field. A field that is not on the list of
    `allow_fields` is not written, only named under `not_logged`: nothing gets into a log by accident.
    """
    return cast(Logger, structlog.get_logger(**bound))


def allow_fields(names: Iterable[str]) -> None:
    """Lets these field names be written. Their values must not hold secrets or what people wrote."""
    _ALLOWED.update(names)


def hide(secrets: Iterable[str]) -> None:
    """Blots these values out of every record from now on, wherever in a text they turn up."""
    _secrets.extend(
        secret for secret in secrets if len(secret) >= _SECRET_LENGTH_MIN and secret not in _secrets
    )


def configure(settings: "ProcessSettings") -> None:
    """Sets up the logs of this process, those of the libraries it uses included. Safe to call again."""
    _state["service"] = settings.service
    _state["json"] = settings.log_format == "json"
    _state["level"] = logging.getLevelNamesMapping()[settings.log_level.upper()]
    hide(settings.secrets())
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            _add_context,
            structlog.processors.format_exc_info,
            _keep_allowed,
            _blot_secrets,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_state["level"]),
        logger_factory=lambda *_: _Line(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryHandler()]
    # Libraries have little to say that is not a warning; our own packages are heard at the level asked for.
    root.setLevel(max(_state["level"], logging.WARNING))
    for package in _OWN_PACKAGES:
        logging.getLogger(package).setLevel(_state["level"])


def enabled(level: int) -> bool:
    """Whether records of this level are written, to spare the work of making one."""
    return level >= int(_state["level"])


def write_call(fields: dict[str, object]) -> None:
    """The line of one answered call. Its fields are all our own, so it skips the costlier processors."""
    if enabled(logging.INFO):
        record: dict[str, object] = {"event": "call", "level": "info", "service": _state["service"]}
        record |= fields
        record["timestamp"] = _now()
        _write(_json_line(record) if _state["json"] else _console_line(record))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _add_context(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record["service"] = _state["service"]
    record["timestamp"] = _now()
    trace_id = telemetry.trace_id()
    if trace_id:
        record.setdefault("trace_id", trace_id)
    return record


def _keep_allowed(
    _logger: object, _method: str, record: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    unknown = [name for name in record if name not in _ALLOWED]
    if unknown:
        for name in unknown:
            del record[name]
        record[_NOT_LOGGED] = sorted(unknown)
    return record


def _blot_secrets(
    _logger: object, _method: str, record: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in record.items():
        if not isinstance(value, int | float | bool | None):
            record[name] = _blotted(value)
    return record


def _blotted(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _blotted(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_blotted(item) for item in value]
    text = str(value)
    for secret in _secrets:
        text = text.replace(secret, _BLOT)
    return _CREDENTIALS.sub(_BLOT, text)


def _render(_logger: object, _method: str, record: MutableMapping[str, Any]) -> str:
    return _json_line(record) if _state["json"] else _console_line(record)


def _json_line(record: Mapping[str, object]) -> str:
    return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _console_line(record: Mapping[str, object]) -> str:
    """`09:41:07 info    billing  the sentence  account_id=… ms=1.2`, an exception on lines of its own."""
    rest = {**record}
    time = str(rest.pop("timestamp", ""))[11:19]
    level = str(rest.pop("level", "info"))
    head = f"{time} {level:<7} {rest.pop('service', '')!s:<13} {_one_line(rest.pop('event', ''))}"
    exception = rest.pop("exception", None)
    tail = " ".join(f"{name}={_one_line(value)}" for name, value in rest.items())
    return f"{head}  {tail}".rstrip() + (f"\n{exception}" if exception else "")


def _one_line(value: object) -> str:
    """The value without what could forge a second line or colour a terminal."""
    text = str(value)
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class _Line:
    """The end of the road of a structlog record."""

    def msg(self, line: str) -> None:
        _write(line)

    debug = info = warning = error = critical = exception = msg


class _LibraryHandler(logging.Handler):
    """Takes the standard library's records, of grpc, nats and others, along the same road."""

    def emit(self, record: logging.LogRecord) -> None:
        # Bound and not given to get_logger, which has a parameter of that name.
        logger = get_logger().bind(logger=record.name)
        logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info)
