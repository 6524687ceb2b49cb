"""Chooses among the selectors of an element those that find it and nothing else on its page.

Runs where the page is parsed. The browser script looks for a form with `Element.closest`, among all elements, and for
an input among those of its form; a selector is tried in the same reach.
"""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tracker.configtest.parse import css
from tracker.discovery.selectors import MAX_ALTERNATIVES, Found, candidates

INSIDE = ("trackerctl-shadow", "trackerctl-frame")
"""Elements that stand for a shadow root or a frame: no selector sees both sides of one."""
_MAX_LEVELS = 12


class Picker:
    """Tries selectors on one page, each once."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._found: dict[str, list[int]] = {}
        self._naming: set[str] | None = None

    def form(self, node: LexborNode) -> list[Found]:
        """The best selector of a form, and alternatives for the day when that one is gone."""
        tag = str(node.tag)
        unique = [one for one in candidates(tag, node.attributes) if self._finds(one.selector) == [node.mem_id]]
        kept = list({one.basis: one for one in reversed(unique)}.values())[::-1]
        if len(kept) < 2:
            kept += [one for one in [self._by_ancestor(node)] if one]
        return kept[: 1 + MAX_ALTERNATIVES] or [self._chain(node)]

    def field(self, form: LexborNode, group: list[LexborNode], everyone: set[int]) -> Found:
        """The best selector of an input, or of the buttons that are one question, among the inputs of its form.

        :param everyone: all inputs of the form.
        """
        wanted = {node.mem_id for node in group}
        first = group[0]
        beyond = self._has_outsiders(form)
        for one in candidates(str(first.tag), first.attributes):
            if beyond:
                found = set(self._finds(one.selector)) & everyone
            else:
                found = {node.mem_id for node in css(form, one.selector) or []}
            if found == wanted:
                return one
        return self._chain(first)

    def _has_outsiders(self, form: LexborNode) -> bool:
        """Whether inputs elsewhere on the page name this form as theirs."""
        if self._naming is None:
            self._naming = {node.attributes.get("form") or "" for node in self._tree.css("[form]")} - {""}
        return form.attributes.get("id") in self._naming

    def _by_ancestor(self, node: LexborNode) -> Found | None:
        """What the element stands in, if that has a name: ``#contact form``."""
        above = node.parent
        for _ in range(_MAX_LEVELS):
            if above is None or above.tag in ("body", "html", "-undef", *INSIDE):
                return None
            for one in candidates(str(above.tag), above.attributes):
                selector = f"{one.selector} {node.tag}"
                if one.basis in ("id", "data", "aria", "class") and self._finds(selector) == [node.mem_id]:
                    return Found(selector, "ancestor")
            above = above.parent
        return None

    def _chain(self, node: LexborNode) -> Found:
        """The shortest chain of places that is unique; it breaks when something is put before it."""
        steps: list[str] = []
        here: LexborNode | None = node
        while here is not None and here.tag not in ("html", "-undef", *INSIDE):
            steps.insert(0, str(here.tag) if here.tag == "body" else f"{here.tag}:nth-of-type({_place(here)})")
            if self._finds(" > ".join(steps)) == [node.mem_id]:
                break
            named = [one for one in candidates(str(here.tag), here.attributes) if one.basis in ("id", "name")]
            rooted = [" > ".join([one.selector, *steps[1:]]) for one in named if steps[1:]]
            if unique := [one for one in rooted if self._finds(one) == [node.mem_id]]:
                return Found(unique[0], "nth")
            here = here.parent
        return Found(" > ".join(steps), "nth")

    def _finds(self, selector: str) -> list[int]:
        if selector not in self._found:
            self._found[selector] = [node.mem_id for node in css(self._tree, selector) or []]
        return self._found[selector]


def _place(node: LexborNode) -> int:
    place, before = 1, node.prev
    while before is not None:
        place += before.tag == node.tag
        before = before.prev
    return place
