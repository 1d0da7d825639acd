"""Makes HTML safe to store and to show: what comes from a model is hostile until it went through here."""

import re

import nh3

_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"),
    *("ul", "ol", "li", "dl", "dt", "dd"),
    *("figure", "figcaption", "img", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "strong"),
    *("sub", "sup", "u"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_URLS = frozenset({("a", "href"), ("img", "src")})
_INVISIBLE = re.compile(r"[\x00-\x20\x7f]")


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Drop addresses of other hosts where our own are meant.

    "//host" and its spellings are relative to nh3 and foreign to a browser, which ignores tabs and line ends
    and takes a backslash for a slash. A picture from a foreign host would tell that host who reads.
    """
    if (tag, name) not in _URLS:
        return value
    address = _INVISIBLE.sub("", value).replace("\\", "/")
    if address.startswith("//"):
        return None
    if tag == "img" and not address.startswith("/"):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes={"https", "mailto"},
    link_rel="noopener nofollow ugc",
    strip_comments=True,
)


def clean_html(html: str) -> str:
    """Keep text, structure, https and mailto links and our own pictures; clean_html(clean_html(x)) == clean_html(x).

    Square brackets become character references, since WordPress runs whatever stands in them as a shortcode,
    in attributes too; a reader sees brackets all the same. NUL characters are dropped: PostgreSQL keeps none.
    """
    cleaned = _CLEANER.clean(html.replace("\x00", ""))
    return cleaned.replace("[", "&#91;").replace("]", "&#93;")
