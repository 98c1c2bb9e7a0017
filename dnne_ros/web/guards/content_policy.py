"""What pages may do: least by default, and never ask another machine for anything.

Names and texts on a page come from files and from whoever publishes in the domain.  So scripts
are files of this server, text never becomes markup, and the browser itself refuses every request
to elsewhere.  A part of the server may need more (a front end of others compiles templates);
whatever `ContentPolicy` can allow, it has no word for another host.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}


@dataclass(frozen=True)
class ContentPolicy:
    """What the pages of a part may do beside the least."""

    evaluated_code: bool = False
    """``eval`` and ``new Function``."""
    web_assembly: bool = False
    inline_scripts: tuple[str, ...] = ()
    """Scripts within the page, each by its `script_hash`."""
    inline_styles: bool = False
    """``<style>`` and ``style=`` made by scripts."""
    blob_workers: bool = False
    """Workers whose code a script has put together."""
    text_as_markup: bool = False
    """``innerHTML`` and its like."""

    def headers(self) -> dict[str, str]:
        """Return the headers of every response."""
        return {**_HEADERS, "Content-Security-Policy": "; ".join(self._directives())}

    def _directives(self) -> list[str]:
        scripts = ["'self'", *(f"'{each}'" for each in self.inline_scripts)]
        scripts += ["'unsafe-eval'"] * self.evaluated_code
        scripts += ["'wasm-unsafe-eval'"] * self.web_assembly
        return [
            "default-src 'none'", f"script-src {' '.join(scripts)}",
            "style-src 'self'" + " 'unsafe-inline'" * self.inline_styles,
            "img-src 'self' blob: data:", "font-src 'self' data:", "connect-src 'self'",
            "manifest-src 'self'", "worker-src 'self'" + " blob:" * self.blob_workers,
            "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            *([] if self.text_as_markup else ["require-trusted-types-for 'script'",
                                              "trusted-types 'none'"])]


STRICT = ContentPolicy()


def script_hash(script: str) -> str:
    """Return what allows one inline script: ``script`` is all between its tags."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
