"""Images of articles, and their bytes once by hash."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql

from chassis.bulk import update_rows
from chassis.paging import Page, PageRequest
from chassis.refusal import NotFound
from services.publisher.domain.image import Image, ImageStatus, ImageType
from services.publisher.domain.listing import Wanted
from services.publisher.store import tables
from services.publisher.store.listing import Listing, read_list
from services.publisher.store.rows import among, check_all_there, columns_of, from_row, to_row

_image, _blob = tables.image, tables.image_blob
_COLUMNS = columns_of(Image, _image)
_PICTURE: Final = (
    "content_hash",
    "media_type",
    "width",
    "height",
    "url",
    "model_name",
    "status",
    "error",
    "updated_at",
)


class Images:
    """Images in the schema `publisher`. Locked after their content."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, images: Iterable[Image]) -> None:
        rows = [_to_row(image) for image in images]
        if rows:
            self._connection.execute(insert(_image), rows)

    def get(self, image_id: str, *, account_id: str) -> Image:
        """Raises NotFound, for images of other accounts too."""
        return self._one(_by_id(image_id, account_id), image_id)

    def lock(self, image_id: str, *, account_id: str) -> Image:
        """As `get`, locked until the transaction ends."""
        return self._one(_by_id(image_id, account_id).with_for_update(), image_id)

    def some(self, image_ids: Sequence[str]) -> dict[str, Image]:
        """The images with these ids, of whatever account; those that are not there are left out."""
        query = select(*_COLUMNS).where(among(_image.c.id, image_ids))
        return {row.id: _of(row._asdict()) for row in self._connection.execute(query)}

    def lock_some(self, image_ids: Sequence[str]) -> dict[str, Image]:
        """As `some`, locked in the order of their ids until the transaction ends."""
        query = select(*_COLUMNS).where(among(_image.c.id, image_ids)).order_by(_image.c.id).with_for_update()
        return {row.id: _of(row._asdict()) for row in self._connection.execute(query)}

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Image]:
        """These images of the site, locked in the order of their ids. Raises NotFound for an id that is none."""
        found = self.lock_some(ids)
        theirs = [one for one in found.values() if (one.site_id, one.account_id) == (site_id, account_id)]
        check_all_there(theirs, ids, kind="image")
        return theirs

    def delete_all(self, ids: Sequence[str]) -> None:
        self._connection.execute(delete(_image).where(among(_image.c.id, ids)))

    def save_pictures(self, images: Sequence[Image]) -> None:
        """What changes when pictures are made, with one statement."""
        update_rows(self._connection, _image, [_to_row(image) for image in images], columns=_PICTURE)

    def with_pending(self, content_ids: Iterable[str]) -> set[str]:
        """Those of the contents that wait for pictures."""
        query = select(_image.c.content_id).where(
            among(_image.c.content_id, list(content_ids)), _image.c.status == ImageStatus.PENDING.value
        )
        return set(self._connection.execute(query.distinct()).scalars())

    def of_content(self, content_id: str) -> list[Image]:
        """The images of an article, in their order in it."""
        query = select(*_COLUMNS).where(_image.c.content_id == content_id).order_by(_image.c.position)
        return [_of(row._asdict()) for row in self._connection.execute(query)]

    def of_contents(self, content_ids: Sequence[str]) -> dict[str, list[Image]]:
        """The images of some articles by their ids, in their order in each; nothing for one that has none."""
        query = select(*_COLUMNS).where(among(_image.c.content_id, content_ids)).order_by(_image.c.position)
        found: dict[str, list[Image]] = {}
        for row in self._connection.execute(query):
            image = _of(row._asdict())
            found.setdefault(image.content_id, []).append(image)
        return found

    def save(self, image: Image) -> None:
        self._connection.execute(update(_image).where(_image.c.id == image.id).values(_to_row(image)))

    def listed(self, wanted: Wanted, *, site_id: str, account_id: str, page: PageRequest) -> Page[Image]:
        """Some of the site's images; without another order newest first."""
        return read_list(self._connection, LISTING, wanted, site_id=site_id, account_id=account_id, page=page)

    def _one(self, query: "Select[Any]", image_id: str) -> Image:
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(kind="image", id=image_id)
        return _of(row._asdict())


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBlob:
    """What is known of a stored picture without its bytes; `size` is in bytes."""

    sha256: str
    media_type: str
    width: int
    height: int
    size: int
    created_at: datetime


class ImageBlobs:
    """Pictures in the schema `publisher`, by the SHA-256 of their bytes in lower-case hexadecimal."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, pictures: Iterable[tuple[ImageBlob, bytes]]) -> None:
        """Stores the bytes; those that are there already stay."""
        rows = {blob.sha256: {**to_row(blob), "data": data} for blob, data in pictures}
        if rows:
            # In one order, whoever else stores some of them just now.
            ordered = [rows[sha256] for sha256 in sorted(rows)]
            self._connection.execute(postgresql.insert(_blob).on_conflict_do_nothing(), ordered)

    def get(self, sha256: str) -> ImageBlob:
        """Raises NotFound."""
        query = select(*(column for column in _blob.c if column.name != "data"))
        row = self._connection.execute(query.where(_blob.c.sha256 == sha256)).one_or_none()
        if row is None:
            raise NotFound(kind="image", id=sha256)
        return from_row(ImageBlob, row)

    def part(self, sha256: str, *, start: int, size: int) -> bytes:
        """Some of the bytes, from `start` (counted from 0) on; empty at their end."""
        # PostgreSQL counts from 1.
        query = select(func.substring(_blob.c.data, start + 1, size)).where(_blob.c.sha256 == sha256)
        return bytes(self._connection.execute(query).scalar_one())


def _by_id(image_id: str, account_id: str) -> "Select[Any]":
    return select(*_COLUMNS).where(_image.c.id == image_id, _image.c.account_id == account_id)


def _to_row(image: Image) -> dict[str, Any]:
    return to_row(image) | {"content_hash": image.content_hash or None}


def _of(row: Mapping[str, Any]) -> Image:
    return Image(
        **{
            **row,
            "image_type": ImageType(row["image_type"]),
            "status": ImageStatus(row["status"]),
            "content_hash": row["content_hash"] or "",
        }
    )


LISTING: Final = Listing(
    table=_image,
    columns=[column.name for column in _COLUMNS],
    to=_of,
    sorts={"created_at": "created_at"},
    default_sort="-created_at",
    facets=("status", "image_type"),
    narrow={"content_id": ("created_at",), "status": ("created_at",)},
)
