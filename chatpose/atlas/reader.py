"""Reads atlas entries from YAML; whatever is malformed is refused with file, line, key and what was expected."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from chatpose.atlas.entry import FAMILIES, HOLDERS, VOICES, Description, Entry
from chatpose.body.angle_table import ANGLE_NAMES, GROUP_NAMES, GROUPS, PELVIS_NAMES
from chatpose.body.angles import both_sides
from chatpose.errors import MissingFileError, unknown_name
from chatpose.posecodes.goals import Goal, parse_goal
from chatpose.posecodes.grammar import Statement, contradictions, parse
from chatpose.resources import asset
from chatpose.yaml_source import Source, SourceError, read_yaml

MIN_MUST = 4
MIN_DESCRIPTIONS = 8
MAX_TEXT_CHARS = 600
MAX_QUERY_WORDS = 3
MAX_ANGLE_DEG = 200

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REQUIRED = ("id", "names", "family", "angles", "must", "descriptions")
_OPTIONAL = ("goals", "must_not", "held_by", "tags")


def entry_files() -> list[Path]:
    """The sources that ship with chatpose, in order of their names."""
    return sorted(asset("data", "atlas", "entries").glob("*.yaml"))


def read_atlas(paths: Iterable[Path] | None = None) -> list[Entry]:
    """Reads files in order; the shipped sources when none are named.

    Raises:
        SourceError: a malformed entry, or an id or a name that two entries share.
        MissingFileError: nothing to read.
    """
    files = entry_files() if paths is None else list(paths)
    if not files:
        raise MissingFileError("no atlas sources", expected="data/atlas/entries/*.yaml")
    entries = [entry for path in files for entry in read_entries(path)]
    _refuse_doubles(entries)
    return entries


def read_entries(path: Path) -> list[Entry]:
    """The entries of one file.

    Raises:
        SourceError: see `read_atlas`.
    """
    return [_entry(source) for source in read_yaml(path).items()]


def _entry(source: Source) -> Entry:
    keys = source.members()
    name = keys["id"].text() if "id" in keys else source.key
    keys = source.named(name).members()
    for key in _REQUIRED:
        if key not in keys:
            raise source.named(name).error(f"no {key}", expected=f"the keys {', '.join(_REQUIRED)}")
    for key, inside in keys.items():
        if key not in (*_REQUIRED, *_OPTIONAL):
            raise inside.error("an unknown key", expected=f"one of: {', '.join((*_REQUIRED, *_OPTIONAL))}")
    if not _ID.fullmatch(name):
        raise keys["id"].error(repr(name), expected="lower-case words joined by hyphens")
    must = _statements(keys["must"])
    must_not = _statements(keys["must_not"]) if "must_not" in keys else ()
    entry = Entry(
        id=name,
        names=_names(keys["names"]),
        family=_one_of(keys["family"], FAMILIES),
        angles=_angles(keys["angles"]),
        goals=_goals(keys["goals"]) if "goals" in keys else (),
        must=must,
        must_not=must_not,
        held_by=_one_of(keys["held_by"], HOLDERS) if "held_by" in keys else "",
        tags=tuple(item.text() for item in keys["tags"].items()) if "tags" in keys else (),
        descriptions=_descriptions(keys["descriptions"]),
        origin=f"{source.path}:{source.line}",
    )
    _refuse_contradictions(keys["must"], entry)
    return entry


def _one_of(source: Source, names: Sequence[str]) -> str:
    found = source.text()
    if found not in names:
        raise source.error(f"unknown {found!r}", expected=f"one of: {', '.join(names)}")
    return found


def _names(source: Source) -> tuple[str, ...]:
    names = tuple(item.text() for item in source.items())
    if not names:
        raise source.error("no name", expected="at least one")
    if len({name.lower() for name in names}) < len(names):
        raise source.error("a name twice")
    return names


def _angles(source: Source) -> dict[str, float]:
    written: dict[str, float] = {}
    known = (*ANGLE_NAMES, *GROUP_NAMES, *PELVIS_NAMES)
    bare = {name.removeprefix("left_") for name in known if name.startswith("left_")}
    for name, inside in source.members().items():
        if name not in known and name not in bare:
            error = unknown_name("angle", name, (*known, *bare))
            raise inside.error(error.got, expected=error.expected)
        value = inside.number()
        if abs(value) > MAX_ANGLE_DEG:
            raise inside.error(f"{value:g}°", expected=f"at most {MAX_ANGLE_DEG}° either way")
        written[name] = value
    angles = both_sides(written)
    for group in GROUPS:
        twice = [member for member in group.members if member in angles and group.name in angles]
        if twice:
            raise source.error(f"{group.name} and its part {twice[0]} are both given", expected="one of them")
    return angles


def _goals(source: Source) -> tuple[Goal, ...]:
    return tuple(goal for item in source.items() for goal in item.convert(parse_goal))


def _statements(source: Source) -> tuple[Statement, ...]:
    found = tuple(item.convert(parse) for item in source.items())
    if len(set(map(str, found))) < len(found):
        raise source.error("a statement twice")
    if source.key.endswith(".must") and len(found) < MIN_MUST:
        raise source.error(f"{len(found)} statements", expected=f"at least {MIN_MUST}")
    return found


def _descriptions(source: Source) -> tuple[Description, ...]:
    found: list[Description] = []
    for voice, inside in source.members().items():
        if voice not in VOICES:
            raise inside.error("an unknown voice", expected=f"one of: {', '.join(VOICES)}")
        for item in inside.one_or_many():
            text = item.text()
            if len(text) > MAX_TEXT_CHARS:
                raise item.error(f"{len(text)} characters", expected=f"at most {MAX_TEXT_CHARS}")
            if voice == "query" and len(text.split()) > MAX_QUERY_WORDS:
                raise item.error(f"{len(text.split())} words", expected=f"a query of at most {MAX_QUERY_WORDS}")
            found.append(Description(voice, text))
    missing = [voice for voice in VOICES if all(one.voice != voice for one in found)]
    if missing:
        raise source.error(f"no {missing[0]}", expected=f"every voice: {', '.join(VOICES)}")
    if len({one.text.lower() for one in found}) < len(found):
        raise source.error("a text twice")
    return tuple(found)


def _refuse_contradictions(source: Source, entry: Entry) -> None:
    for first, second in contradictions(entry.claims):
        raise source.error(f"{first} and {second} can't hold together", fix="remove one")


def _refuse_doubles(entries: Sequence[Entry]) -> None:
    owners: dict[str, Entry] = {}
    for entry in entries:
        for label in (entry.id, *dict.fromkeys(name.lower() for name in entry.names)):
            key = label if label == entry.id else f"name {label}"
            other = owners.setdefault(key, entry)
            if other is not entry:
                taken = f"{entry.origin}: {entry.id}: {label!r} is {other.id}'s too ({other.origin})"
                raise SourceError(taken, fix="rename one")
