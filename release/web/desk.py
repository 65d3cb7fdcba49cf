"""Where requests wait for the model: one at a time, few at once, none for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from korpu.errors import UsageError
from korpu.languages import LANGUAGES, language
from release.formats.document import Change
from release.formats.job import Job
from release.formats.read import FORMATS, document, origins
from release.formats.translated import Translation, translated
from release.opened import WRITTEN_IN, Opened

GROUP = 8  # texts between two looks at the clock


class Refused(Exception):
    """A request that is answered with an error; ``status`` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Desk:
    """Translates requests. ``waiting`` are answered or wait at once, each for ``seconds``."""

    def __init__(self, bundle: Opened, characters: int, seconds: float, waiting: int) -> None:
        self.bundle, self.characters = bundle, characters
        self.seconds, self.waiting = seconds, waiting
        self._places = threading.BoundedSemaphore(waiting)
        self._model = threading.Lock()
        self.directions = directions(bundle)

    def health(self) -> dict[str, Any]:
        """That it answers, and what it can translate."""
        return {
            "status": "ok",
            "model": self.bundle.name,
            "version": self.bundle.version,
            "characters": self.characters,
            "directions": [{"from": source, "to": target} for source, target in self.directions],
        }

    def answer(self, asked: Any) -> dict[str, Any]:
        """A request's answer. Raises ``Refused``."""
        text, source, target, form = self._read(asked)
        if not self._places.acquire(blocking=False):
            raise Refused(429, f"{self.waiting} requests are being answered; try again soon")
        try:
            made = self._translate(text, source, target, form)
        finally:
            self._places.release()
        return {
            "translation": made.text,
            "model": self.bundle.name,
            "version": self.bundle.version,
            "machine_translated": True,
            "from": language(source).iso,
            "to": language(target).iso,
            "format": form,
            "warnings": [_warning(change) for change in made.changes],
        }

    def _read(self, asked: Any) -> tuple[str, str, str, str]:
        if not isinstance(asked, dict):
            raise Refused(400, "the request is not a JSON object with text, from and to")
        if unknown := sorted(set(asked) - {"text", "from", "to", "format"}):
            raise Refused(400, f"there is no {unknown[0]!r}: give text, from, to and format")
        for name in ("text", "from", "to"):
            if not isinstance(asked.get(name), str):
                raise Refused(400, f"{name} is missing, or is not a string")
        text, form = asked["text"], asked.get("format", "text")
        if form not in FORMATS:
            raise Refused(400, f"format is none of {', '.join(FORMATS)}")
        if len(text) > self.characters:
            raise Refused(
                413,
                f"the text has {len(text)} characters; at most {self.characters} are translated",
            )
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise Refused(400, "the text has half of a surrogate pair in it")
        try:
            return text, language(asked["from"]).flores, language(asked["to"]).flores, form
        except UsageError as error:
            raise Refused(400, str(error)) from None

    def _translate(self, text: str, source: str, target: str, form: str) -> Translation:
        until = time.monotonic() + self.seconds
        origin = origins(None, form)
        job = Job(
            source, target, self.bundle.name, self.bundle.version, metadata="metadata" in origin
        )
        try:
            run, languages = self.bundle.run(source, target)
            read = document(text, form, job)
        except UsageError as error:
            raise Refused(400, str(error)) from None
        if not self._model.acquire(timeout=self.seconds):
            raise Refused(503, f"other translations took longer than {self.seconds:g} seconds")
        try:

            def in_time(texts: Sequence[str]) -> list[str]:
                made: list[str] = []
                for at in range(0, len(texts), GROUP):
                    if time.monotonic() > until:
                        raise Refused(
                            504, f"it takes longer than {self.seconds:g} seconds; send less text"
                        )
                    made += run(texts[at : at + GROUP])
                return made

            return translated([read], in_time, languages)[0]
        finally:
            self._model.release()


def _warning(change: Change) -> dict[str, Any]:
    """Numbers to look at; ``field`` and ``paragraph`` where the text is an article's."""
    place = {"field": change.field, "paragraph": change.paragraph} if change.field else {}
    return {
        "line": change.line,
        **place,
        "text": change.text,
        "source": list(change.source),
        "translation": list(change.translation),
    }


def directions(bundle: Opened) -> list[tuple[str, str]]:
    """What can be asked for, as BCP 47 tags, with both scripts on either side."""
    found = []
    accepts = bundle.contract["input"]["accepts"]
    for known in bundle.contract["directions"]:
        source, target = known["source"], known["target"]
        sources = [source, *(code for code, to in accepts.items() if to == source)]
        targets = [target, *(code for code, to in WRITTEN_IN.items() if to == target)]
        found += [(a, b) for a in sources for b in targets]
    return [(LANGUAGES[a].iso, LANGUAGES[b].iso) for a, b in found]
