"""Where the built-in target shows things: paths within the suite, absolute once its public address is known."""

from dataclasses import dataclass
from urllib.parse import quote, urljoin


@dataclass(frozen=True, slots=True)
class Addresses:
    """`public_url` is the address readers reach the suite at, as https://example.com; empty gives paths."""

    public_url: str = ""

    def site(self, site_slug: str) -> str:
        return self.absolute(f"/published/{quote(site_slug, safe='')}")

    def content(self, site_slug: str, content_slug: str) -> str:
        return self.absolute(f"/published/{quote(site_slug, safe='')}/{quote(content_slug, safe='')}")

    def article_feed(self, site_slug: str) -> str:
        return f"{self.site(site_slug)}/feed.xml"

    def sitemap(self, site_slug: str) -> str:
        return f"{self.site(site_slug)}/sitemap.xml"

    def calendar_feed(self, secret: str) -> str:
        return self.absolute(f"/calendar/{secret}.ics")

    def absolute(self, path: str) -> str:
        """A path of the suite under its public address; what is absolute already stays."""
        return urljoin(self.public_url.rstrip("/") + "/", path) if self.public_url else path
