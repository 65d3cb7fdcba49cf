"""What a person is told about the numbers of a whole translation."""

from __future__ import annotations

from korpu import log
from korpu.errors import SaysNo
from release.formats.document import Change
from release.formats.translated import Translation


class Tally:
    """Counts over all documents; ``are_shown``: each text is told as it comes."""

    def __init__(self, are_shown: bool) -> None:
        self.are_shown = are_shown
        self.texts = self.mended = self.changed = 0

    def add(self, first: int, translation: Translation) -> None:
        """A document's, whose first line is ``first`` of the input."""
        self.texts += translation.texts
        self.mended += translation.mended
        self.changed += len(translation.changes)
        for change in translation.changes if self.are_shown else ():
            log.say(_shown(first, change))

    def say(self, is_strict: bool) -> None:
        """One line, if there is anything to say. Raises ``SaysNo`` where it must not be."""
        if self.mended:
            log.say(f"{self.mended} of {self.texts} texts: numbers that a second translation kept")
        if not self.changed:
            return
        told = f"{self.changed} of {self.texts} texts: numbers that are not in the translation"
        if is_strict:
            raise SaysNo(f"{told}; correct them by hand, or see numbers=check")
        log.say(told if self.are_shown else f"{told}; numbers=show lists them")


def _shown(first: int, change: Change) -> str:
    where = f"line {first + change.line - 1}"
    if change.field:
        where += f", {change.field} {change.paragraph}"
    sides = (", ".join(side) or "–" for side in (change.source, change.translation))
    return f"{where}: {' → '.join(sides)} in: {change.text}"
