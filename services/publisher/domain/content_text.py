"""The text of an article, each save of which is a version."""

from dataclasses import dataclass
from datetime import datetime

from chassis.refusal import FieldFault, RequestInvalid

TITLE_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentText:
    """What an editor can change; every save of it is a version. The HTML is cleaned before it gets here."""

    title: str
    html: str
    excerpt: str = ""
    meta_title: str = ""
    meta_description: str = ""
    primary_keyword: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise RequestInvalid(FieldFault(field="title", message="must not be empty"))
        if len(self.title) > TITLE_CHARACTERS_MAX:
            message = f"has {len(self.title):,} characters; at most {TITLE_CHARACTERS_MAX} are possible"
            raise RequestInvalid(FieldFault(field="title", message=message))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentVersion:
    """One saved text of a content. `edited_by` is an actor, as "user:<id>" or "service:ai"."""

    content_id: str
    version: int
    text: ContentText
    edited_by: str
    created_at: datetime
