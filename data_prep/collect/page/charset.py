"""Bytes of a page as text: what is UTF-8 is UTF-8, whatever the page claims."""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)


_CYRILLIC = re.compile("[Ѐ-ӿ]")
_HIGH = bytes(range(128, 256))
_ENOUGH = 40  # Cyrillic letters by which windows-1251 is known


def decode(body: bytes, content_type: str | None) -> str:
    """Text of a page; never raises. Bytes that are in no charset become U+FFFD.

    A page with a few broken bytes among many letters in UTF-8 is UTF-8. Of the others the first
    charset that is declared and known counts, in the header, then in the page; a page that
    declares none, or UTF-8 falsely, is windows-1251 if that makes Cyrillic letters of it.
    """
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
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if 20 * broken <= len(text) - len(text.encode("ascii", "ignore")):
        return text
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
    russian = body.decode("windows-1251", "replace")
    letters = len(_CYRILLIC.findall(russian))
    if letters >= _ENOUGH and 4 * letters >= 3 * (len(body) - len(body.translate(None, _HIGH))):
        return russian
    return text
