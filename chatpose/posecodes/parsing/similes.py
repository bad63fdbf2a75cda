"""Similes: what is only a picture says nothing of the parts that it names."""

from collections.abc import Sequence

from chatpose.posecodes.parsing.items import Item


def without_similes(items: Sequence[Item]) -> list[Item]:
    """Items without what is only a picture: "like a waiter with a tray", "as though holding it up"."""
    found: list[Item] = []
    inside = False
    for place, item in enumerate(items):
        after = items[place + 1].value if place + 1 < len(items) else ""
        before = found[-1].value if found else ""
        likened = item.value == "like" and before not in ("i", "would", "you") and after not in ("this", "that", "so")
        if likened or (item.value == "as" and after in ("if", "though")):
            inside = True
            found.append(Item("word", "like", item.first, item.last))
            found.append(Item("stop", ",", item.first, item.last))
        elif inside and (item.kind == "stop" or (item.kind == "and" and item.value != "though")):
            inside = False
        if not inside:
            found.append(item)
    return found
