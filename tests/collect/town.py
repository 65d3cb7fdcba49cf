"""News sites in a process of their own that write down every request: `town.py HOSTS PAGES LOG`.

The first line on stdout holds the ports. A line `edition N` on stdin brings the sites to their Nth
edition: some pages changed, some are new; the end of stdin ends the process. The log has a line for
every request (`host path status`) as soon as it is read, and one for every connection that opens
(`+`) and closes (`-`), so that a reader knows when nothing is on its way any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import hashlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

CITY = ("Bakı", "Gəncə", "Sumqayıt", "Şəki", "Quba", "Lənkəran", "Mingəçevir", "Naxçıvan", "Şamaxı")
PLACE = ("məktəb", "kitabxana", "xəstəxana", "park", "muzey", "stadion", "teatr", "bağça", "körpü")
WHO = ("yazıçılar", "həkimlər", "müəllimlər", "tələbələr", "rəssamlar", "idmançılar", "alimlər")
MONTH = ("yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avqust", "sentyabr")
EVENT = ("sərgi", "yarış", "konfrans", "festival", "konsert", "seminar", "müsabiqə", "tamaşa")
WHAT = ("kitablar", "şəkillər", "xəritələr", "maşınlar", "toxumlar", "xalçalar", "filmlər")
LISTED = 20  # articles on one page of a section


def paragraphs(host: int, n: int, edition: int) -> list[str]:
    """Four paragraphs that no other page has."""
    seed = hashlib.sha256(f"{host} {n}".encode()).digest()

    def pick(words: tuple[str, ...], at: int) -> str:
        return words[seed[at] % len(words)]

    text = [
        f"{pick(CITY, 0)} şəhərində yeni {pick(PLACE, 1)} açılıb və açılış mərasimində "
        f"{pick(WHO, 2)} iştirak ediblər.",
        f"Növbəti {pick(EVENT, 3)} {pick(MONTH, 4)} ayında {pick(CITY, 5)} şəhərində keçiriləcək, "
        f"{pick(WHO, 6)} də dəvət olunublar.",
        f"Tədbirdə ən çox {pick(WHAT, 7)} maraq doğurub, {pick(WHO, 8)} isə sual veriblər.",
        f"Xatırladaq ki, ötən il {pick(MONTH, 9)} ayında {pick(CITY, 10)} şəhərində {n}-ci "
        f"{pick(EVENT, 11)} təşkil olunmuşdu.",
    ]
    if edition > 1 and n % 17 == 0:
        text.append(f"Sonradan əlavə olunub: {pick(EVENT, 12)} {pick(MONTH, 13)} ayına keçirilib.")
    return text


class Town:
    """What every path of every host answers in the present edition."""

    def __init__(self, hosts: int, pages: int) -> None:
        self.hosts, self.first, self.edition = hosts, pages, 1
        self.changed = ""  # when the present edition began
        self.urls: list[str] = []

    def turn_to(self, edition: int) -> None:
        """Bring out an edition; what is asked for from the next second on is asked later."""
        self.edition = edition
        moment = datetime.now(UTC) + timedelta(seconds=1)
        self.changed = moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def pages(self) -> int:
        """Articles of one host; a later edition has a tenth more."""
        return self.first + (self.first // 10 if self.edition > 1 else 0)

    def answer(self, host: int, path: str, asked: dict[str, str]) -> tuple[int, list[str], bytes]:
        """Status, header lines and body."""
        found = self._page(host, path)
        if isinstance(found, str):
            return 301, [f"Location: {found}"], b""
        if found is None:
            return 404, ["Content-Type: text/plain"], b"no"
        kind, body = found
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = [f"Content-Type: {kind}", f"ETag: {tag}"]
        if asked.get("if-none-match") == tag:
            return 304, headers, b""
        return 200, headers, body

    def _page(self, host: int, path: str) -> tuple[str, bytes] | str | None:
        base = self.urls[host]
        if path == "/robots.txt":
            return "text/plain", f"User-agent: *\nSitemap: {base}/index.xml\n".encode()
        if path == "/index.xml":
            inner = "".join(f"<sitemap><loc>{base}/{n}.xml.gz</loc></sitemap>" for n in (0, 1))
            return "text/xml", f"<sitemapindex>{inner}</sitemapindex>".encode()
        if path in ("/0.xml.gz", "/1.xml.gz"):
            own = range(int(path[1]), self.pages, 4)  # a half; links lead to the other one
            inner = "".join(
                f"<url><loc>{base}/xeber/{n}</loc><lastmod>{self._lastmod(n)}</lastmod></url>"
                for n in own
            )
            packed = gzip.compress(f"<urlset>{inner}</urlset>".encode(), 6, mtime=0)
            return "application/gzip", packed
        if path == "/":
            return self._list("Ana səhifə", [f"/xeber/{n}" for n in range(5)] + ["/bolme/0"])
        name, _, number = path[1:].partition("/")
        n = int(number) if number.isascii() and number.isdigit() else -1
        if name == "bolme" and 0 <= n * LISTED < self.pages:
            inside = range(n * LISTED, min((n + 1) * LISTED, self.pages))
            return self._list(f"Bölmə {n}", [*(f"/xeber/{k}" for k in inside), f"/bolme/{n + 1}"])
        if name == "r" and 0 <= n < self.pages:
            return f"{base}/xeber/{n}"
        if name == "xeber" and 0 <= n < self.pages:
            return self._article(host, n)
        return None

    def _lastmod(self, n: int) -> str:
        new = self.edition > 1 and (n % 17 == 0 or n >= self.first)
        return self.changed if new else f"2025-{1 + n % 11:02d}-{1 + n % 28:02d}"

    def _list(self, title: str, paths: list[str]) -> tuple[str, bytes]:
        links = "".join(f"<li><a href='{path}'>{path}</a></li>" for path in paths)
        page = f"<html lang=az><head><title>{title}</title></head><body><ul>{links}</ul></body>"
        return "text/html; charset=utf-8", page.encode()

    def _article(self, host: int, n: int) -> tuple[str, bytes]:
        body = "".join(f"<p>{line}</p>" for line in paragraphs(host, n, self.edition))
        day = f"2025-{1 + n % 11:02d}-{1 + n % 28:02d}T{n % 24:02d}:00:00+04:00"
        links = [f"/xeber/{(n * 7 + k) % self.pages}" for k in range(3)]
        links += [f"/r/{n + 1}"] * (n % 29 == 0) + [f"/yox/{n}"] * (n % 31 == 0)
        related = "".join(f"<a href='{path}'>x</a> " for path in links)
        return "text/html; charset=utf-8", (
            f"<!DOCTYPE html><html lang=az><head><title>Xəbər {n} – Sayt {host}</title>"
            f"<meta property='article:published_time' content='{day}'></head><body><nav>"
            f"<a href='/'>Ana səhifə</a></nav><article><h1>Xəbər {n}</h1>{body}</article>"
            f"<footer>{related}</footer></body></html>"
        ).encode()


async def serve(hosts: int, pages: int, log: int) -> None:
    """Serve until stdin ends."""
    town = Town(hosts, pages)

    async def talk(host: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        os.write(log, b"+\n")
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                path = lines[0].split(" ")[1]
                headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
                status, fields, body = town.answer(host, path, headers)
                os.write(log, f"{host} {path} {status}\n".encode())
                length = [] if status == 304 else [f"Content-Length: {len(body)}"]
                head = "\r\n".join([f"HTTP/1.1 {status} OK", *fields, *length, "", ""])
                writer.write(head.encode() + body)
                await writer.drain()
        os.write(log, b"-\n")
        writer.close()

    running = []
    for host in range(hosts):
        server = await asyncio.start_server(functools.partial(talk, host), "127.0.0.1", 0)
        running.append(server)
        town.urls.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    print(*town.urls, flush=True)
    control = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(control), sys.stdin)
    while line := await control.readline():
        word, _, number = line.decode().strip().partition(" ")
        assert word == "edition"
        town.turn_to(int(number))
        print("ok", flush=True)


if __name__ == "__main__":
    file = os.open(Path(sys.argv[3]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), file))
