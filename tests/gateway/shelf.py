"""The shelf service of the tests: its stubs, built from the protos beside it, and a servicer that keeps no books."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import google.api.http_pb2 as http_pb2
import grpc_tools
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from chassis.identity import Caller, caller_or_none
from chassis.refusal import NotFound, StaleEtag

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER: Final = tempfile.TemporaryDirectory(prefix="igny8-shelf-")


def _build() -> tuple[Any, Any, Any]:
    """Compiles the protos into a folder that lives as long as the session."""
    assert http_pb2.__file__ is not None
    assert grpc_tools.__file__ is not None
    status = protoc.main(
        [
            "protoc",
            f"-I{HERE / 'protos'}",
            f"-I{ROOT / 'protos'}",
            f"-I{Path(http_pb2.__file__).parent.parent.parent}",
            f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
            f"--python_out={FOLDER.name}",
            f"--grpc_python_out={FOLDER.name}",
            "--include_source_info",
            f"--descriptor_set_out={FOLDER.name}/shelf.binpb",
            "shelf/v1/shelf.proto",
            "shelf/v1/everything.proto",
        ]
    )
    assert status == 0, "protoc refused the protos of the tests"
    sys.path.insert(0, FOLDER.name)
    return (
        import_module("shelf.v1.shelf_pb2"),
        import_module("shelf.v1.shelf_pb2_grpc"),
        import_module("shelf.v1.everything_pb2"),
    )


shelf, stubs, everything = _build()
Everything = everything.Everything
FILES: Final[list[FileDescriptor]] = [shelf.DESCRIPTOR, everything.DESCRIPTOR]
DESCRIBED: Final = FileDescriptorSet.FromString(Path(FOLDER.name, "shelf.binpb").read_bytes())

COVER: Final = b"\x89PNG\r\n" + bytes(range(256)) * 400


class ShelfServicer:
    """Answers from its arguments, and remembers who asked."""

    def __init__(self) -> None:
        self.actors: list[str] = []
        self.callers: list[Caller | None] = []
        self.made: dict[str, Any] = {}

    async def GetBook(self, request: Any, context: Any) -> Any:
        self.actors.append(_actor())
        if request.book_id == "burnt":
            raise RuntimeError("postgresql://billing:hunter2@db/igny8 is on fire")
        if not request.book_id.startswith("book"):
            raise NotFound(kind="book", id=request.book_id)
        return shelf.GetBookResponse(book=_book(request.book_id, title=request.shelf or "A title"))

    async def ListBooks(self, request: Any, context: Any) -> Any:
        return shelf.ListBooksResponse(books=[_book("book-1")], asked=request)

    async def CreateBook(self, request: Any, context: Any) -> Any:
        return shelf.CreateBookResponse(
            book=_book("book-2", title=request.title), request_id=request.request_id
        )

    async def PutBook(self, request: Any, context: Any) -> Any:
        if request.etag and request.etag != "7":
            raise StaleEtag(kind="book", etag="7")
        return shelf.PutBookResponse(book=request.book)

    async def DeleteBook(self, request: Any, context: Any) -> Any:
        return shelf.DeleteBookResponse()

    async def GetCover(self, request: Any, context: Any) -> AsyncIterator[Any]:
        if request.sha256 == "missing":
            raise NotFound(kind="image", id=request.sha256)
        await context.send_initial_metadata(
            (
                ("x-http-etag", '"abc"'),
                ("x-http-cache-control", "public, max-age=31536000, immutable"),
                ("x-http-set-cookie", "no=thanks"),
            )
        )
        for start in range(0, len(COVER), 16_384):
            yield _file("image/png", COVER[start : start + 16_384])

    async def GetLoans(self, request: Any, context: Any) -> Any:
        return _file("text/calendar; charset=utf-8", f"BEGIN:VCALENDAR {request.token}".encode())

    async def GetPage(self, request: Any, context: Any) -> Any:
        self.callers.append(caller_or_none())
        if request.slug == "moved":
            await context.send_initial_metadata(
                (("x-http-status", "301"), ("x-http-location", "/published/here"))
            )
            return _file("text/html", b"")
        if request.slug == "gone":
            raise NotFound(kind="page", id=request.slug)
        if request.slug == "strict":
            await context.send_initial_metadata((("x-http-content-security-policy", "default-src 'self'"),))
        return _file("text/html; charset=utf-8", b"<h1>Roses</h1>")

    async def ImportBooks(self, requests: AsyncIterator[Any], context: Any) -> Any:
        count = 0
        size = 0
        first = None
        async for request in requests:
            first = first or request
            count += 1
            size += len(request.file.data)
            if b"nonsense" in request.file.data:
                raise NotFound(kind="shelf", id=first.shelf)
        assert first is not None
        return shelf.ImportBooksResponse(
            shelf=first.shelf, bytes=size, messages=count, content_type=first.file.content_type
        )

    async def Echo(self, request: Any, context: Any) -> Any:
        self.callers.append(caller_or_none())
        return shelf.EchoResponse(everything=request.everything)

    async def Sleep(self, request: Any, context: Any) -> Any:
        await asyncio.Event().wait()

    async def Audit(self, request: Any, context: Any) -> Any:
        return shelf.AuditResponse(report="secret")


def _actor() -> str:
    caller = caller_or_none()
    return caller.actor if caller else ""


def _book(book_id: str, *, title: str = "A title") -> Any:
    return shelf.Book(book_id=book_id, title=title, genre=shelf.GENRE_LIFE_STORY, pages=2**53 + 1, etag="7")


def _file(content_type: str, data: bytes) -> Any:
    from google.api.httpbody_pb2 import HttpBody

    return HttpBody(content_type=content_type, data=data)
