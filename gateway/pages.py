"""The gateway's own HTML: the branded page for what is not there or does not work, without script or network."""

import base64
import hashlib
from html import escape

from starlette.responses import Response

STYLE = """
:root{color-scheme:light dark;--ink:#17211b;--soft:#5b6b61;--paper:#fbfaf6;--card:#fff;--line:#e2e5dd;--leaf:#0f7a4d;--leaf-ink:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#eef2ee;--soft:#a3b1a8;--paper:#101512;--card:#171e1a;--line:#2a342e;--leaf:#46c48a;--leaf-ink:#06150d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
a{color:var(--leaf)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--leaf);outline-offset:2px;border-radius:4px}
code{font:.92em ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
.brand{display:inline-flex;align-items:center;gap:.5rem;font-weight:700;letter-spacing:-.01em;text-decoration:none;color:var(--ink)}
.brand svg{width:1.6rem;height:1.6rem}
.notice{min-height:100vh;display:flex;flex-direction:column;max-width:40rem;margin:0 auto;padding:2rem 1.5rem}
.notice main{flex:1;display:flex;flex-direction:column;justify-content:center;padding:3rem 0}
.notice .status{font-size:clamp(4.5rem,16vw,8rem);line-height:1;font-weight:800;letter-spacing:-.05em;color:var(--leaf);margin:0}
.notice h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0}
.notice p{color:var(--soft);margin:.25rem 0 1.5rem;max-width:34rem}
.actions{display:flex;flex-wrap:wrap;gap:.75rem}
.button{display:inline-block;padding:.65rem 1.15rem;border-radius:.6rem;text-decoration:none;font-weight:600;border:1px solid var(--line);color:var(--ink);background:var(--card)}
.button.first{background:var(--leaf);border-color:var(--leaf);color:var(--leaf-ink)}
.notice footer{color:var(--soft);font-size:.92rem}
.docs{display:grid;grid-template-columns:16rem minmax(0,1fr);max-width:78rem;margin:0 auto}
.docs nav{position:sticky;top:0;align-self:start;height:100vh;overflow:auto;padding:1.75rem 1.25rem;border-right:1px solid var(--line)}
.docs nav ul{list-style:none;margin:1.25rem 0;padding:0}
.docs nav li{margin:.15rem 0}
.docs nav a{text-decoration:none}
.docs nav li a{display:block;padding:.2rem .5rem;border-radius:.4rem;color:var(--soft)}
.docs nav li a:hover{color:var(--ink);background:var(--card)}
.docs main{padding:1.75rem 2rem 6rem}
.docs h1{font-size:2rem;margin:.2rem 0 1rem;letter-spacing:-.02em}
.docs h2{font-size:1.3rem;margin:3rem 0 .75rem;padding-top:.5rem}
.docs h3{font-size:.82rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft);margin:1.1rem 0 .4rem}
.lead{color:var(--soft);max-width:46rem}
details.operation,div.error{background:var(--card);border:1px solid var(--line);border-radius:.7rem;margin:.6rem 0;overflow:hidden}
summary{cursor:pointer;display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:baseline;padding:.7rem 1rem;list-style:none}
summary::-webkit-details-marker{display:none}
summary .what{color:var(--soft);font-size:.95rem}
.verb{font:700 .78rem/1.6 ui-monospace,"DejaVu Sans Mono",monospace;min-width:4.3rem;text-align:center;border-radius:.4rem;padding:0 .4rem;background:#dcebe2;color:#0b5a39}
.verb.post{background:#e3e6fb;color:#34409b}.verb.put,.verb.patch{background:#fbeccd;color:#7a4d00}.verb.delete{background:#fbdedb;color:#93261b}
.inside{padding:.2rem 1rem 1.1rem;border-top:1px solid var(--line)}
.inside p{max-width:46rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem}
td,th{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}
pre{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;overflow-x:auto;font-size:.88rem;line-height:1.5}
div.error{padding:.7rem 1rem}
.badge{font-size:.8rem;border:1px solid var(--line);border-radius:1rem;padding:.05rem .6rem;color:var(--soft);white-space:nowrap}
@media (max-width:52rem){.docs{grid-template-columns:1fr}.docs nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}.docs main{padding:1.25rem}}
"""

LOGO = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#0f7a4d"/>'
    '<path d="M16 6c5 4 7 8 5 13-1 3-3 5-5 7-2-2-4-4-5-7-2-5 0-9 5-13z" fill="#fff"/>'
    '<path d="M16 12v14" stroke="#0f7a4d" stroke-width="2" stroke-linecap="round"/></svg>'
)

BACK_SCRIPT = (
    'document.getElementById("back").addEventListener("click",function(e){'
    "if(history.length>1){e.preventDefault();history.back()}})"
)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


PAGE_POLICY = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(BACK_SCRIPT)}; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of our own pages: their one style and one script by their hashes, nothing else."""


def page(title: str, body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A page of ours. `body` is HTML; everything variable in it must be escaped already."""
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · igny8</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )
    return Response(
        document,
        status,
        {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store", **(headers or {})},
        "text/html",
    )


def not_found_page(support_url: str) -> Response:
    """The branded 404."""
    return notice_page(
        404,
        "This page could not be found",
        "It may have moved, or never been here. Check the address, or start again from the home page.",
        support_url,
    )


def notice_page(
    status: int, title: str, sentence: str, support_url: str, headers: dict[str, str] | None = None
) -> Response:
    """A page that says what is wrong, with the ways on: home, back, support.

    `support_url` is an https or mailto address; when it is empty the page offers no support.
    """
    support = (
        f'Need help? <a href="{escape(support_url, quote=True)}">Contact support</a>' if support_url else ""
    )
    body = (
        f'<div class="notice"><header><a class="brand" href="/">{LOGO}igny8</a></header><main>'
        f'<p class="status">{status}</p><h1>{escape(title)}</h1><p>{escape(sentence)}</p>'
        '<div class="actions"><a class="button first" href="/">Home</a>'
        '<a class="button" id="back" href="/">Back</a></div></main>'
        f"<footer>{support}</footer></div><script>{BACK_SCRIPT}</script>"
    )
    return page(title, body, status, headers)
