"""What a webhook says; docs/webhook-target.md describes it for who receives it. Names are added, never changed."""

from collections.abc import Mapping
from typing import Any, Final

from services.publisher.domain.connection import Access
from services.publisher.domain.delivery import Delivery
from services.publisher.domain.image import Image
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.rendering import article_html

PUBLISHED: Final = "content.published"
UNPUBLISHED: Final = "content.unpublished"
TESTED: Final = "connection.tested"


def published_document(delivery: Delivery, *, addresses: Addresses) -> Mapping[str, Any]:
    """The article is to be shown, in the place of what was shown by the same `idempotency_key` before."""
    content, text = delivery.content, delivery.content.text
    return {
        "type": PUBLISHED,
        "data": {
            **_about(delivery),
            "version": content.version,
            "slug": content.slug,
            "title": text.title,
            "html": article_html(content, delivery.images, addresses=addresses),
            "excerpt": text.excerpt,
            "meta": {"title": text.meta_title, "description": text.meta_description},
            "primary_keyword": text.primary_keyword,
            "categories": text.categories,
            "tags": text.tags,
            "language": delivery.site.language,
            "images": [_image(image, addresses) for image in delivery.images],
        },
    }


def unpublished_document(delivery: Delivery) -> Mapping[str, Any]:
    """The article is to be shown no more."""
    return {"type": UNPUBLISHED, "data": {**_about(delivery), "slug": delivery.content.slug}}


def tested_document(access: Access) -> Mapping[str, Any]:
    """Nothing is to be done but to answer 2xx."""
    return {"type": TESTED, "data": {"site_id": access.site_id}}


def _about(delivery: Delivery) -> dict[str, Any]:
    return {
        "site_id": delivery.site.id,
        "content_id": delivery.content.id,
        "idempotency_key": delivery.publication.marker,
        "external_id": delivery.publication.external_id,
    }


def _image(image: Image, addresses: Addresses) -> dict[str, Any]:
    return {
        "type": image.image_type.value,
        "position": image.position,
        "url": addresses.absolute(image.url),
        "sha256": image.content_hash,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "alt_text": image.alt_text,
    }
