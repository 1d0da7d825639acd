"""Smaller answers for those who take them: gzip for JSON and pages, never for event streams, files or anything with a secret in it."""

import gzip
from typing import Final

from starlette.responses import Response

BYTES_LEAST: Final = 1024
LEVEL: Final = 5
SECRETS: Final = ("/api/v1/auth/", "/api/v1/api-keys")
"""A secret beside text that the caller chose can be guessed from the length of what is compressed (BREACH, CVE-2013-3587)."""


def compressed(response: Response, route: str, accept_encoding: str) -> Response:
    """The response, with its body compressed where that is worth it. ETags become weak: the bytes are others."""
    if type(response) is not Response or route.startswith(SECRETS):
        return response
    kind = response.headers.get("content-type", "").partition(";")[0]
    if not kind.endswith(("json", "html", "xml")) or len(response.body) < BYTES_LEAST:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if not takes_gzip(accept_encoding):
        return response
    response.body = gzip.compress(bytes(response.body), LEVEL, mtime=0)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    etag = response.headers.get("etag", "")
    if etag.startswith('"'):
        response.headers["ETag"] = f"W/{etag}"
    return response


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the header allows gzip (RFC 9110, 12.5.3)."""
    weights: dict[str, bool] = {}
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=")
        weights[name.strip()] = weight.strip("0.") != "" if parameters else True
    return weights.get("gzip", weights.get("*", False))
