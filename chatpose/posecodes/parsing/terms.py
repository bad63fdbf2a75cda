"""The words that the frames know, from data/posecodes/parsing/terms.yaml: parts, relations, features, neutral words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from chatpose.resources import asset

STOPS = frozenset({",", ".", ";", ":", "!", "?", "(", ")", '"', "/"})


@dataclass(frozen=True)
class Terms:
    """The tables, read once.

    Attributes:
        phrases: words → (kind, value), kind being feature or rel; without determiners.
        nouns: words → (part, whether it is a plural).
        longest: how many words the longest phrase has.
        implied: features that others bring along.
        sided: parts of which there is a left and a right one.
        arm: those of them that belong to an arm.
        leg: to a leg.
        neutral: words that say nothing of their own.
        negations: words that deny.
        conjunctions: words that join.
        determiners: words that are passed over before nouns.
        surfaces: floor, sky, viewer: the words for them.
        orders: verbs that begin a new claim.
        spelling: words that misspelt ones are put right to.
        no_slips: words that look like those and are none.
    """

    phrases: Mapping[tuple[str, ...], tuple[str, str]]
    nouns: Mapping[tuple[str, ...], tuple[str, bool]]
    longest: int
    implied: Mapping[str, tuple[str, ...]]
    sided: frozenset[str]
    arm: frozenset[str]
    leg: frozenset[str]
    neutral: frozenset[str]
    negations: frozenset[str]
    conjunctions: frozenset[str]
    determiners: frozenset[str]
    surfaces: Mapping[str, str]
    orders: frozenset[str]
    spelling: tuple[str, ...]
    no_slips: frozenset[str]


def read_table(name: str) -> Any:
    """A table of the parser, of data/posecodes/parsing."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(asset("data", "posecodes", "parsing", name).read_text(encoding="utf-8"), Loader=loader)


@cache
def terms() -> Terms:
    """The tables that ship with chatpose."""
    table = read_table("terms.yaml")
    phrases: dict[tuple[str, ...], tuple[str, str]] = {}
    for kind, key in (("feature", "features"), ("rel", "relations")):
        for value, texts in table[key].items():
            for text in _listed(texts):
                phrases.setdefault(tuple(text.split()), (kind, value))
                match text.split():
                    case ["at" | "to" as at, *noun, "height" | "level"] if (
                        kind == "feature" and noun and value != "same height"
                    ):
                        for word in ("level", "height"):
                            phrases.setdefault((at, word, "of", *noun), (kind, value))
                    case _:
                        pass
    plurals = frozenset(table["plurals"].split())
    arm, leg = frozenset(_listed(table["arm_parts"])), frozenset(_listed(table["leg_parts"]))
    return Terms(
        phrases=phrases,
        nouns={
            tuple(name.split("_")): (part, name in plurals)
            for part, names in table["parts"].items()
            for name in names.split()
        },
        longest=max(map(len, phrases)),
        implied={feature: tuple(_listed(others)) for feature, others in table["implied"].items()},
        sided=arm | leg,
        arm=arm,
        leg=leg,
        neutral=frozenset(table["neutral"].split()),
        negations=frozenset(table["negations"].split()),
        conjunctions=frozenset(table["conjunctions"].split()),
        determiners=frozenset(table["determiners"].split()),
        surfaces={name: surface for surface, names in table["surfaces"].items() for name in names.split()},
        orders=frozenset(table["orders"].split()),
        spelling=tuple(table["spelling"].split()),
        no_slips=frozenset(table["no_slips"].split()),
    )


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]
