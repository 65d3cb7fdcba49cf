"""What is done to a page's tree before its text is taken.

News sites of the region mark paragraphs by `<br>`, set pages in tables, tell a gallery's story in
captions, and put boxes of other articles between paragraphs. All steps are linear in the page: the
text of an element is never looked at beyond a limit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree, html

from data_prep.collect.page import phrases
from data_prep.collect.page.dates import CLOCK

_CELLS = ("table", "tbody", "thead", "tfoot", "tr", "td", "th", "center")
_TABLE_NODES = 4000
_LAYOUT_CELL = 220  # characters; a cell of data holds less
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figure",
     "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "iframe", "li", "main",
     "nav", "ol", "p", "pre", "section", "table", "ul", "video", "script", "style")
)  # fmt: skip
_BROKEN = frozenset(("div", "article", "section", "main", "font", "td", "body"))
_BROKEN_TEXT = 120  # characters of an element that is a text with <br>
_LINE = 50  # characters of a block that is a paragraph
_HEADING = 120  # characters of a subheading
_SIDE_BY_SIDE = 3
_PICTURES = 3  # captions that make a gallery
_CAPTION = 25  # characters of a caption that says something
_ENTRIES = 3  # times of day that make a live blog
_NODES = 400  # looked at for the text of a short element
LARGEST = 600  # characters of an element that stands between paragraphs
# Class names that publishers give to what interrupts an article: advertisements, "read also".
_BETWEEN = frozenset(
    ("ad", "ads", "adv", "banner", "reklam", "reklama", "promo", "related", "also", "seealso",
     "readalso", "readmore", "readnext", "share", "sharing", "social", "socials", "newsletter",
     "subscribe", "subscription", "cookie", "cookies", "consent", "paywall", "authorbox",
     "authorbio", "authorinfo", "twitter", "instagram", "fb", "telegram", "tiktok", "similar",
     "comment", "comments")
)  # fmt: skip
_BEGINNING = ("advert", "recommend")
_WHOLE = frozenset(  # before such a word, a class says it of the page
    ("has", "with", "no", "is", "category", "tag", "type", "format", "status", "layout")
)
_PICTURED = re.compile(r"galler|slide|carousel|photo|foto|figure|image|caption", re.IGNORECASE)
_CREDITED = re.compile(r"credit|author|source|copyright|photographer", re.IGNORECASE)


def prepare(root: etree._Element) -> None:
    """Change a page's tree so that its article's text lies in paragraphs, and little else."""
    _prune(root)
    _unfold_tables(root)
    _unfold_captions(root)
    _unfold_entries(root)
    for element in list(root.iter(*_BROKEN)):
        _unfold_breaks(element)
    _unfold_blocks(root)
    _unfold_lines(root)


def short(element: etree._Element, limit: int) -> str | None:
    """An element's text on one line, or None where it is longer than ``limit`` characters."""
    pieces: list[str] = []
    length = 0
    for number, text in enumerate(element.itertext(with_tail=False)):
        pieces.append(text)
        length += len(text.strip())
        if length > limit or number > _NODES:
            return None
    text = " ".join("".join(pieces).split())
    return text if len(text) <= limit else None


def _prune(root: etree._Element) -> None:
    """Take out short elements that say by class, heading or form that they are not the article."""
    for element in list(
        root.iter("div", "p", "section", "aside", "ul", "span", "figure", "blockquote")
    ):
        if element.getparent() is None or not _interrupts(element):
            continue
        if next(element.iter("h1", "title"), None) is None:
            element.drop_tree()


def _interrupts(element: etree._Element) -> bool:
    names = (element.get("class") or "").split()
    text = None
    if any(_between(name) for name in names):
        text = short(element, LARGEST)
    elif element.tag in ("div", "section", "aside"):
        text = short(element, LARGEST)
        if text is None or not (phrases.heads_others(text) or _asks_address(element)):
            return False
        if next(element.iter("a", "input"), None) is None:
            return False
    return text is not None


def _between(name: str) -> bool:
    """Whether the first or second word of a class says so: `share`, `post__share-buttons`."""
    words = [word for word in re.split("[_-]+", name.lower()[:100]) if word][:3]
    for at, word in enumerate(words[:2]):
        if at and words[0] in _WHOLE:
            return False
        pair = "".join(words[at : at + 2])
        if word in _BETWEEN or pair in _BETWEEN or word.startswith(_BEGINNING):
            return True
    return False


def _asks_address(element: etree._Element) -> bool:
    return any(field.get("type") == "email" for field in element.iter("input"))


def _unfold_tables(root: etree._Element) -> None:
    """Make the cells of tables that a page is set in ordinary blocks; tables of data stay."""
    layout = []
    for table in root.iter("table"):
        cells = (cell for number, cell in enumerate(table.iter("td")) if number < _NODES)
        if any(
            next(cell.iter("table", "h1"), None) is not None or short(cell, _LAYOUT_CELL) is None
            for cell in cells
        ):
            layout.append(table)
    for table in layout:
        for number, part in enumerate(list(_own_parts(table))):
            if number > _TABLE_NODES:
                break
            part.tag = "div"


def _own_parts(table: etree._Element) -> Iterator[etree._Element]:
    """A table's rows and cells, without those of tables in it."""
    yield table
    todo = list(table)
    while todo:
        part = todo.pop()
        if isinstance(part.tag, str) and part.tag in _CELLS and part.tag != "table":
            yield part
            if part.tag not in ("td", "th"):
                todo.extend(part)


def _unfold_captions(root: etree._Element) -> None:
    """Make the captions of a gallery paragraphs: there they are the article."""
    found = []
    for caption in root.iter("figcaption"):
        for part in list(caption):
            if _CREDITED.search(part.get("class") or ""):
                part.drop_tree()
        text = phrases.without_credit(short(caption, LARGEST) or "")
        if len(text) >= _CAPTION:
            found.append((caption, text))
    if len({text for _, text in found}) < _PICTURES:
        return
    for caption, text in found:
        figure = next(caption.iterancestors("figure"), caption)
        for parent in list(figure.iterancestors())[:3]:
            if _PICTURED.search(f"{parent.get('class')} {parent.get('id')}"):
                parent.attrib.pop("class", None)
                parent.attrib.pop("id", None)
        if figure.getparent() is not None:
            line = _paragraph(text)
            line.tail = figure.tail
            figure.getparent().replace(figure, line)


def _unfold_entries(root: etree._Element) -> None:
    """Make the times of a live blog's entries paragraphs, each before what it is the time of."""
    times = []
    for element in root.iter("div", "span", "time", "b", "strong", "h3", "h4"):
        following = element.getnext()
        if len(element) or not CLOCK.fullmatch((element.text or "").strip()):
            continue
        if following is None or following.tag not in ("div", "p", "section"):
            continue
        if (short(following, 60) is None) and next(following.iter("p"), None) is not None:
            times.append(element)
    counts = Counter(element.get("class") for element in times)
    for element in times:
        if counts[element.get("class")] >= _ENTRIES:
            element.tag = "p"


def _unfold_breaks(element: etree._Element) -> None:
    """Put what stands between the `<br>` of a text into paragraphs.

    Where two in a row end a paragraph somewhere, one alone is only the end of a line.
    """
    children = list(element)
    breaks = sum(1 for child in children if child.tag == "br")
    if breaks < 2 or _direct(element) < _BROKEN_TEXT:
        return
    ends = 2 if any(map(_doubled, children)) else 1
    parts = [_paragraph(element.text)]
    in_a_row = 0
    for child in children:
        element.remove(child)  # lxml takes the tail along
        tail, child.tail = child.tail or "", None
        if child.tag == "br":
            in_a_row += 1
            if in_a_row >= ends:
                parts.append(_paragraph(tail))
            else:
                _add(parts[-1], f" {tail}")
        elif child.tag in _BLOCKS:
            parts += [child, _paragraph(tail)]
        else:
            parts[-1].append(child)
            child.tail = tail
        if child.tag != "br" or tail.strip():
            in_a_row = 0
    element.text = None
    element.extend(p for p in parts if len(p) or (p.text or "").strip() or p.tag != "p")


def _unfold_blocks(root: etree._Element) -> None:
    """Make the blocks of a text that has no paragraphs paragraphs: three or more side by side."""
    found = Counter[etree._Element]()
    blocks = []
    for element in root.iter("div"):
        if any(child.tag in _BLOCKS or child.tag == "br" for child in element):
            continue
        linked = sum(len(short(link, _LINE) or "") for link in element.iter("a"))
        if _direct(element) >= max(_LINE, 2 * linked) and element.getparent() is not None:
            found[element.getparent()] += 1
            blocks.append(element)
    for element in blocks:
        if found[element.getparent()] >= _SIDE_BY_SIDE:
            element.tag = "p"


def _unfold_lines(root: etree._Element) -> None:
    """Make subheadings and lists between the article's paragraphs paragraphs themselves."""
    inside = _article(root)
    if inside is None:
        return
    for heading in list(inside.iter("h2", "h3", "h4")):
        following = heading.getnext()
        if following is not None and following.tag in ("p", "ul", "ol", "blockquote"):
            text = short(heading, _HEADING)
            linked = next(heading.iter("a"), None) is not None
            if text and not linked and not phrases.heads_others(text):
                heading.tag = "p"
    for items in list(inside.iter("ul", "ol")):
        before, parent = items.getprevious(), items.getparent()
        if before is None or before.tag != "p" or parent is None:
            continue
        if next(items.iter("a", "input"), None) is not None or any(
            item.tag != "li" for item in items
        ):
            continue
        items.tag = "div"
        for item in items:
            item.tag = "p"


def _article(root: etree._Element) -> etree._Element | None:
    """The smallest element that holds most of the text that stands in paragraphs."""
    held: Counter[etree._Element] = Counter()
    total = 0
    for line in root.iter("p"):
        size = min(_direct(line), LARGEST)
        if size >= _LINE:
            total += size
            for parent in line.iterancestors():
                held[parent] += size
    most = [element for element, size in held.items() if 4 * size >= 3 * total]
    return max(most, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)


def _direct(element: etree._Element) -> int:
    return len((element.text or "").strip()) + sum(len((c.tail or "").strip()) for c in element)


def _doubled(child: etree._Element) -> bool:
    following = child.getnext()
    return (
        child.tag == "br"
        and not (child.tail or "").strip()
        and following is not None
        and following.tag == "br"
    )


def _paragraph(text: str | None) -> etree._Element:
    line = html.Element("p")
    line.text = text
    return line


def _add(line: etree._Element, text: str) -> None:
    if len(line):
        line[-1].tail = (line[-1].tail or "") + text
    else:
        line.text = (line.text or "") + text
