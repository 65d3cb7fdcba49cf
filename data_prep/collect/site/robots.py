"""What a host's robots.txt allows (RFC 9309), asked once per origin and kept in the archive."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

LARGEST = 500 * 1024  # bytes that count; the RFC's minimum
LONGEST_DELAY = 120.0  # seconds; a larger Crawl-delay would be a way to say no, and is not


@dataclass(frozen=True)
class Robots:
    """The rules for one crawler. ``delay`` is in seconds, 0 where none is asked for."""

    rules: Protego
    agent: str
    delay: float
    sitemaps: tuple[str, ...]

    def allows(self, url: str) -> bool:
        """Whether a URL may be fetched."""
        return bool(self.rules.can_fetch(url, self.agent))


def parse(body: bytes, user_agent: str) -> Robots:
    """Rules of a robots.txt; whatever is not one (HTML, binary) has no rules and allows all."""
    agent = user_agent.partition("/")[0].split()[0] if user_agent.split() else "korpu"
    text = body[:LARGEST].decode("utf-8-sig", "replace").replace("\0", "")
    rules = Protego.parse("" if text.lstrip().startswith("<") else text)
    asked = rules.crawl_delay(agent)
    delay = min(max(float(asked or 0), 0.0), LONGEST_DELAY)
    return Robots(rules, agent, delay, tuple(rules.sitemaps))
