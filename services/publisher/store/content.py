"""Articles and their versions."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, insert, select, update
from sqlalchemy.dialects import postgresql

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.content_text import ContentText, ContentVersion
from services.publisher.domain.image import ImageStatus
from services.publisher.domain.keyword_text import normalise
from services.publisher.domain.listing import Wanted
from services.publisher.store import tables
from services.publisher.store.listing import Columns, Listing, read_list
from services.publisher.store.rows import among, check_all_there, to_row

_content, _version = tables.content, tables.content_version
_TEXT = tuple(field.name for field in fields(ContentText))
# What the database makes of the others is not read with them.
_DERIVED = ("title_normalised", "calendar_at", "booked_under", "words")
COLUMNS = [column for column in _content.c if column.name not in _DERIVED]
# Lists come without texts, which nobody reads there and which may be long.
_LISTED = [column for column in COLUMNS if column.name != "html"]
_TITLE_CHARACTERS_COMPARED = 300


class Contents:
    """Content in the schema `publisher`. Locked after the site's calendar (Settings.lock), before its images."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, content: Content, *, edited_by: str) -> bool:
        """Writes a new content with its first version; False when another of the site has its slug.

        `edited_by` is an actor.
        """
        row = postgresql.insert(_content).values(_to_row(content))
        written = self._connection.execute(row.on_conflict_do_nothing(constraint="content_slug"))
        if not written.rowcount:
            return False
        self.add_version(content.current_version(edited_by=edited_by))
        return True

    def add_version(self, version: ContentVersion) -> None:
        """Keeps one saved text."""
        row = {"content_id": version.content_id, "version": version.version, **to_row(version.text)}
        row |= {"edited_by": version.edited_by, "created_at": version.created_at}
        self._connection.execute(insert(_version).values(row))

    def versions(self, content_id: str, *, page: PageRequest) -> Page[ContentVersion]:
        """The saved texts of a content, newest first, without their HTML."""
        columns = [column for column in _version.c if column.name != "html"]
        query = select(*columns).where(_version.c.content_id == content_id)
        return read_page(self._connection, query, page, by=[_version.c.version.desc()], to=_version_of)

    def version(self, content_id: str, version: int) -> ContentVersion:
        """One saved text. Raises NotFound."""
        query = select(_version).where(_version.c.content_id == content_id, _version.c.version == version)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(kind="version", id=str(version))
        return _version_of(row)

    def save(self, content: Content) -> None:
        """Writes everything of it; an edited text needs `add_version` too."""
        self._connection.execute(update(_content).where(_content.c.id == content.id).values(_to_row(content)))

    def get(self, content_id: str, *, account_id: str) -> Content:
        """Raises NotFound, for content of other accounts too."""
        return self._one(_by_id(content_id, account_id), content_id)

    def check(self, content_id: str, *, account_id: str) -> None:
        """Raises NotFound, for content of other accounts too."""
        found = exists().where(_content.c.id == content_id, _content.c.account_id == account_id)
        if not self._connection.execute(select(found)).scalar_one():
            raise NotFound(kind="content", id=content_id)

    def lock(self, content_id: str, *, account_id: str) -> Content:
        """As `get`, locked until the transaction ends."""
        return self._one(_by_id(content_id, account_id).with_for_update(), content_id)

    def some(self, content_ids: Collection[str]) -> list[Content]:
        """The contents with these ids, of whatever account, with empty texts."""
        return [_of(row._asdict()) for row in self._connection.execute(_some(content_ids))]

    def lock_some(self, content_ids: Collection[str]) -> list[Content]:
        """As `some`, locked in the order of their ids until the transaction ends."""
        query = _some(content_ids).order_by(_content.c.id).with_for_update()
        return [_of(row._asdict()) for row in self._connection.execute(query)]

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Content]:
        """These contents of the site, locked in the order of their ids. Raises NotFound for an id that is none."""
        where = _content.c.site_id == site_id, _content.c.account_id == account_id
        query = _some(ids).where(*where).order_by(_content.c.id).with_for_update()
        found = [_of(row._asdict()) for row in self._connection.execute(query)]
        check_all_there(found, ids, kind="content")
        return found

    def delete_all(self, ids: Sequence[str]) -> None:
        """Deletes contents with their versions, images, past and deliveries that have ended."""
        publication = tables.publication
        self._connection.execute(delete(publication).where(among(publication.c.content_id, ids)))
        self._connection.execute(delete(_content).where(among(_content.c.id, ids)))

    def slug_is_taken(self, site_id: str) -> Callable[[str], bool]:
        """Whether an article of the site has a slug; for `unique_slug`."""

        def taken(slug: str) -> bool:
            found = exists().where(_content.c.site_id == site_id, _content.c.slug == slug)
            return bool(self._connection.execute(select(found)).scalar_one())

        return taken

    def title_is_used(self, content: Content) -> bool:
        """Whether another article of the site has the same title, however it is written."""
        found = exists().where(
            _content.c.site_id == content.site_id,
            _content.c.title_normalised == _comparable(content.title),
            _content.c.id != content.id,
        )
        return bool(self._connection.execute(select(found)).scalar_one())

    def listed(self, wanted: Wanted, *, site_id: str, account_id: str, page: PageRequest) -> Page[Content]:
        """Some of the site's articles, with empty texts; without another order newest first."""
        return read_list(self._connection, LISTING, wanted, site_id=site_id, account_id=account_id, page=page)

    def _one(self, query: "Select[Any]", content_id: str) -> Content:
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(kind="content", id=content_id)
        return _of(row._asdict())


def content_of(row: Row[Any]) -> Content:
    """The content of a row that has the columns of `content`, with or without its text."""
    return _of(row._asdict())


def _by_id(content_id: str, account_id: str) -> "Select[Any]":
    return select(*COLUMNS).where(_content.c.id == content_id, _content.c.account_id == account_id)


def _some(content_ids: Collection[str]) -> "Select[Any]":
    return select(*_LISTED).where(among(_content.c.id, list(content_ids)))


def _to_row(content: Content) -> dict[str, Any]:
    row = to_row(content)
    del row["text"]
    return row | to_row(content.text) | {"title_normalised": _comparable(content.title)}


def _version_of(row: Row[Any]) -> ContentVersion:
    values = dict(row._mapping)
    text = _text_of(values)
    return ContentVersion(**values, text=text)


def _text_of(values: dict[str, Any]) -> ContentText:
    """Takes the columns of the text out of a row; `html` may be left out."""
    text = {name: values.pop(name, "") for name in _TEXT}
    return ContentText(**text | {"categories": tuple(text["categories"]), "tags": tuple(text["tags"])})


def _of(row: Mapping[str, Any]) -> Content:
    values = dict(row)
    text = _text_of(values)
    return Content(
        **values
        | {
            "text": text,
            "content_type": ContentType(values["content_type"]),
            "content_structure": ContentStructure(values["content_structure"]),
            "status": ContentStatus(values["status"]),
            "site_status": SiteStatus(values["site_status"]),
        }
    )


def _comparable(title: str) -> str:
    # An index takes only so much; titles that agree this far are the same to a reader.
    return normalise(title)[:_TITLE_CHARACTERS_COMPARED]


def _has_image(columns: Columns, value: str) -> ColumnElement[bool]:
    made = exists().where(
        tables.image.c.content_id == columns["id"], tables.image.c.status == ImageStatus.GENERATED.value
    )
    return made if value == "true" else ~made


LISTING: Final = Listing(
    table=_content,
    columns=[column.name for column in _LISTED],
    to=_of,
    sorts={
        "created_at": "created_at",
        "updated_at": "updated_at",
        "title": "title_normalised",
        "word_count": "word_count",
    },
    default_sort="-created_at",
    facets=("status", "site_status", "sector_id", "content_type", "content_structure"),
    narrow={
        "run_id": ("created_at", "updated_at", "title", "word_count"),
        "cluster_id": ("created_at", "updated_at", "title", "word_count"),
        "site_status": ("created_at", "updated_at"),
        "status": ("created_at", "updated_at"),
    },
    conditions={"has_image": _has_image},
)
