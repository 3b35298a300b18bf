"""Templates to pages, and files of scripts and styles, with the headers that bound what a browser does with either.

Invariant: nothing that a page holds can run. Whatever a template puts out is escaped, and without characters that hide
others (`untrusted_text`); the policy lets the browser load what `static/` has and nothing else, and no page be framed.
"""

import hashlib
import mimetypes
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from sessiongraph.changes.entity_classes import entity_class
from sessiongraph.changes.untrusted_text import as_shown, excerpt, shorten
from sessiongraph.server.explorer.wording import day, moment, thousands

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # Its own pages are told where one came from: without that, browsers hide the Origin of what a form sends.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# A file's address has the hash of them all, so what is kept under it is right for ever.
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOT_KEPT = {"Cache-Control": "no-store"}


class Renderer:
    """Templates, read and compiled once, and the files of `static/`, held in memory under their common hash."""

    def __init__(self) -> None:
        package = "sessiongraph.server.explorer"
        static = files(package) / "static"
        self._files = {it.name: it.read_bytes() for it in static.iterdir() if it.is_file()}
        digest = hashlib.sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}:{len(content)}:".encode() + content)
        self.static_hash = digest.hexdigest()[:16]
        self._environment = Environment(
            # The drawing of a change is the one of its file.
            loader=ChoiceLoader(
                [PackageLoader(package), PrefixLoader({"changes": PackageLoader("sessiongraph.changes")})]
            ),
            autoescape=True,
            finalize=as_shown,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "shorten": shorten,
            "excerpt": excerpt,
            "thousands": thousands,
            "moment": moment,
            "day": day,
            "entity_class": entity_class,
        }
        self._environment.globals |= {"static": self.static_address, "address": address}

    def static_address(self, name: str) -> str:
        """Where the browser gets a file of `static/`."""
        if name not in self._files:
            raise KeyError(f"static/ has no {name}")
        return f"/static/{self.static_hash}/{name}"

    def static_file(self, hash_: str, name: str) -> Response | None:
        """The file of that name; None where there is none, or not of this hash."""
        content = self._files.get(name) if hash_ == self.static_hash else None
        if content is None:
            return None
        kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
        return Response(content, 200, {**_HEADERS, **_KEPT}, kind or "application/octet-stream")

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page that `template` makes of `values`."""
        text = self._environment.get_template(template).render(**values)
        return HTMLResponse(text, status, {**_HEADERS, **_NOT_KEPT})


def address(path: str, /, *parts: str, **query: str | None) -> str:
    """`path` with `parts` in the places of its "{}" and with `query`, each escaped as an address needs it."""
    query = {name: value for name, value in query.items() if value is not None}
    found = path.format(*(quote(part, safe="") for part in parts))
    return f"{found}?{urlencode(query)}" if query else found
