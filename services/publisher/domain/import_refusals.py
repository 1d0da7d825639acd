"""Why a keyword file is refused as a whole; nothing of it is used then."""

from chassis.refusal import PayloadTooLarge, Refusal


class FileUnreadable(Refusal):
    """The file cannot be read as a list of keywords; `line` says where, counted from 1."""

    reason = "FILE_UNREADABLE"

    def __init__(self, message: str, *, line: int, **more: str) -> None:
        super().__init__(message, metadata={"line": str(line), **more})


class TooManyRows(PayloadTooLarge):
    """The file has more rows than one import takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The file has more than {limit:,} rows. Nothing was imported: split it and import the parts.",
            metadata={"limit": str(limit), "unit": "rows"},
        )


class TooManyBytes(PayloadTooLarge):
    """The file is larger than one import takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The file is larger than {limit // 1024**2} MB. "
            "Nothing was imported: split it and import the parts.",
            metadata={"limit": str(limit), "unit": "bytes"},
        )
