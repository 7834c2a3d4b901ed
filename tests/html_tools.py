"""HTML as a browser reads it."""

from __future__ import annotations

from html.parser import HTMLParser


class Parsed(HTMLParser):
    """The cells of each row, the words and the tags; fails if tags are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.tags, self._words = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []
        self.words = " ".join("".join(self._words).split())

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self._words.append(" ")

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if self.open[-1] != "style":
            self._words.append(data)
