"""A page as a parser of HTML sees it, which is what a browser makes of it too."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = {"meta", "input"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it; that of a <pre> without the line break that HTML gives it for free."""
        found = "".join(each if isinstance(each, str) else each.text for each in self.inside)
        return found[1:] if self.tag == "pre" and found.startswith("\n") else found

    def all(self, tag: str, kind: str | None = None) -> list[Element]:
        """The elements in it with this tag, and this class."""
        found = []
        for each in self.inside:
            if isinstance(each, Element):
                if each.tag == tag and (kind is None or kind in each.classes):
                    found.append(each)
                found += each.all(tag, kind)
        return found

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()


class Page(HTMLParser):
    """Parses strictly: whatever is not closed in order is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.every: list[Element] = []
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root], [each.tag for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), attrs
        self.every.append(element)
        self._open[-1].inside.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:60]}")
