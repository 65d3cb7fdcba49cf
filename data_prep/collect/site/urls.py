"""URLs as the frontier keeps them: one spelling for one page, and only what a site may lead to."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

LONGEST = 2000  # characters; longer URLs are generated, not written
MOST_SEGMENTS = 20
PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(
    r"^(utm_\w+|fbclid|gclid|yclid|ysclid|dclid|msclkid|mc_[ce]id|igshid|_ga|_openstat|"
    r"phpsessid|jsessionid)$",
    re.IGNORECASE,
)
_NOT_TEXT = re.compile(
    r"\.(jpe?g|png|gif|webp|avif|svg|ico|bmp|mp[34]|m4a|wav|ogg|avi|mov|mkv|webm|pdf|docx?|xlsx?|"
    r"pptx?|zip|rar|7z|tar|tgz|exe|apk|css|js|json|woff2?|ttf|eot)$",
    re.IGNORECASE,
)
_SESSION = re.compile(r";(jsessionid|phpsessid|sid|sessionid)=[^/;]*", re.IGNORECASE)
_PATH_SAFE = "/:@!$&'()*+,;=-._~"
_QUERY_SAFE = "/?:@!$'()*,;-._~[]"


@lru_cache(maxsize=1 << 13)
def canonical(url: str, base: str | None = None) -> str | None:
    """One spelling of an http(s) URL, or None where it is none that can be fetched.

    Lower-case scheme and host, no default port, no fragment, no user, dot segments resolved,
    percent escapes in one form, tracking and session parameters dropped; the order of the others
    stays.
    """
    url = "".join(url.split("\n")).replace("\r", "").replace("\t", "").strip()
    try:
        parts = urlsplit(urljoin(base, url) if base else url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not host or parts.username is not None:
        return None
    try:
        host = host.rstrip(".").encode("idna" if not host.isascii() else "ascii").decode("ascii")
    except UnicodeError:
        return None
    if not host or not re.fullmatch(r"[a-z0-9._:-]+", host):
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != PORTS[parts.scheme]:
        netloc += f":{port}"
    found = urlunsplit((parts.scheme, netloc, _path(parts.path), _query(parts.query), ""))
    if len(found) > LONGEST:
        return None
    return found


def _path(path: str) -> str:
    segments: list[str] = []
    for segment in _SESSION.sub("", path).split("/")[1:]:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    if path.endswith(("/.", "/..")):
        segments.append("")
    return _escaped("/" + "/".join(segments), _PATH_SAFE)


def _query(query: str) -> str:
    kept = [
        pair for pair in query.split("&") if pair and not _TRACKING.match(pair.partition("=")[0])
    ]
    return "&".join(_escaped(pair, _QUERY_SAFE + "=+") for pair in kept)


def _escaped(text: str, safe: str) -> str:
    """Percent escapes in one form: upper-case, and only where they are needed."""
    if text.isascii() and "%" not in text and re.fullmatch(r"[\w/.~=&?+-]*", text):
        return text
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", text)
    out = []
    for piece in pieces:
        if re.fullmatch(r"%[0-9A-Fa-f]{2}", piece):
            plain = unquote(piece, errors="strict") if int(piece[1:], 16) < 128 else ""
            out.append(plain if re.fullmatch(r"[A-Za-z0-9._~-]", plain) else piece.upper())
        else:
            out.append(quote(piece.encode("utf-8", "replace"), safe=safe))
    return "".join(out)


def origin(url: str) -> str:
    """Scheme and authority: what one robots.txt holds for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def authority(url: str) -> str:
    """Host and port without `www.`: what counts as one site, and is paced as one host."""
    return urlsplit(url).netloc.removeprefix("www.")


def path_of(url: str) -> str:
    """The path, for language prefixes and sections."""
    return urlsplit(url).path or "/"


def followed(url: str) -> bool:
    """Whether a link may lead to a text page: no media file, no robots.txt, no runaway path."""
    path = path_of(url)
    if _NOT_TEXT.search(path) or path == "/robots.txt":
        return False
    segments = [segment for segment in path.split("/") if segment]
    if len(segments) > MOST_SEGMENTS:
        return False
    return all(segments.count(segment) <= 3 for segment in segments)
