"""What is markup within a paragraph of Markdown, and where: markdown-it's own rules, watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline.state_inline import StateInline

Rule = Callable[[StateInline, bool], bool]
WHOLE = {"image": "image", "backticks": "code", "autolink": "autolink", "html_inline": "html"}
RULES = ("newline", "escape", "link", "emphasis", "strikethrough", *WHOLE)


@dataclass(frozen=True)
class Span:
    """Markup from ``start`` to ``end`` of a paragraph's text.

    ``kind`` is open, close, image, code, autolink, html or break. ``label`` is that of a link whose
    own text is the name of its address.
    """

    start: int
    end: int
    kind: str
    label: str = ""


class _Watched(StateInline):
    """The parser's state, and what its rules found."""

    def __init__(self, src: str, md: MarkdownIt, env: Any, tokens: list[Any]) -> None:
        super().__init__(src, md, env, tokens)
        self.spans: list[Span] = []
        self.markers: dict[int, tuple[int, int]] = {}  # token → where its marker stands


def parser() -> MarkdownIt:
    """CommonMark with tables and struck-out text, its inline rules watched."""
    md = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    md.inline.ruler2.disable("fragments_join")  # a marker is to stay a token of its own
    for rule in md.inline.ruler.__rules__:
        if rule.name in RULES:
            md.inline.ruler.at(rule.name, _watching(rule.name, rule.fn))
    return md


def spans(md: MarkdownIt, text: str, references: Mapping[str, Any]) -> list[Span]:
    """The markup in a paragraph, in order. Emphasis counts where it has both ends."""
    state = _Watched(text, md, {"references": references}, [])
    md.inline.tokenize(state)
    for rule in md.inline.ruler2.getRules(""):
        rule(state)
    for index, (start, end) in state.markers.items():
        kind = {1: "open", -1: "close"}.get(state.tokens[index].nesting)
        if kind or not state.tokens[index].content:
            state.spans.append(Span(start, end, kind or "part"))
    return _with_parts(sorted(state.spans, key=lambda span: (span.start, span.end)))


def _with_parts(found: list[Span]) -> list[Span]:
    """Strong text has two marker tokens at each end; the outer one carries nothing."""
    joined: list[Span] = []
    start = -1  # of an outer marker whose inner one is next
    for index, span in enumerate(found):
        after = found[index + 1] if index + 1 < len(found) else span
        if span.kind != "part":
            joined.append(Span(span.start if start < 0 else start, span.end, span.kind, span.label))
            start = -1
        elif after.kind == "open" and after.start == span.end:
            start = span.start
        elif joined and joined[-1].kind == "close":
            joined[-1] = Span(joined[-1].start, span.end, "close")
    return joined


def _watching(name: str, rule: Rule) -> Rule:
    def watched(state: StateInline, silent: bool) -> bool:
        if silent or not isinstance(state, _Watched):
            return rule(state, silent)
        start, count = state.pos, len(state.tokens)
        close = -1
        if name == "link" and state.src[start] == "[":
            close = state.md.helpers.parseLinkLabel(state, start, True)
        if not rule(state, silent):
            return False
        made = [token.type for token in state.tokens[count:]]
        if name == "link":
            state.spans.append(Span(start, start + 1, "open"))
            state.spans.append(Span(close, state.pos, "close", _label(state.src, start, close)))
        elif name in WHOLE and made and made != ["text"]:
            state.spans.append(Span(start, state.pos, WHOLE[name]))
        elif "hardbreak" in made:
            blank = len(state.src[:start]) - len(state.src[:start].rstrip(" "))
            state.spans.append(Span(start - blank, state.pos, "break"))
        elif name in ("emphasis", "strikethrough"):
            _note_markers(state, start, count)
        return True

    return watched


def _note_markers(state: _Watched, start: int, count: int) -> None:
    at = start
    for index in range(count, len(state.tokens)):
        token = state.tokens[index]
        if token.content and set(token.content) <= set("*_~") and at < state.pos:
            state.markers[index] = (at, at + len(token.content))
            at += len(token.content)


def _label(text: str, start: int, close: int) -> str:
    """The label of ``[text]`` or ``[text][]``, where the text itself names the address."""
    if text[close + 1 : close + 2] == "(" or text[close + 1 : close + 3] not in ("", "[]"):
        follows = text[close + 1 : close + 2]
        if follows in ("(", "["):
            return ""
    return text[start + 1 : close]
