"""Bytes of a page as text: what is valid UTF-8 is UTF-8, whatever the page claims."""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)


def decode(body: bytes, content_type: str | None) -> str:
    """Text of a page; never raises. Bytes that are in no declared charset become U+FFFD."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return body.decode(name, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    in_header = _HEADER.search(content_type or "")
    in_page = _META.search(body, 0, 4096)
    claimed = [in_header[1]] if in_header else []
    claimed += [in_page[1].decode("ascii")] if in_page else []
    for name in claimed:
        if name.lower().replace("_", "-") in ("utf-8", "utf8"):
            continue
        try:
            if codecs.lookup(name)._is_text_encoding:
                return body.decode(name, "replace")
        except (LookupError, UnicodeError):
            continue
    return body.decode("utf-8", "replace")
