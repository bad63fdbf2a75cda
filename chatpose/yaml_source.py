"""YAML with line numbers: reads the atlas' sources strictly, and says file, line and key of what is wrong.

A subset of YAML is enough for people: mappings, lists and scalars. Aliases are refused (they can unpack to any size),
so are keys that come twice, which most readers let pass.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from chatpose.errors import ChatposeError, UnreadableFileError
from chatpose.safefiles import read_limited

MAX_SOURCE_BYTES = 2 * 2**20
MAX_DEPTH = 8

Value = TypeVar("Value")


class SourceError(ChatposeError, ValueError):
    """Something wrong in a source file; starts with file:line and the key."""


def error_at(path: Path, line: int, key: str, got: str, *, expected: str = "", fix: str = "") -> SourceError:
    """An error about a place in a file."""
    where = f"{path}:{line}: {key}" if key else f"{path}:{line}"
    return SourceError(f"{where}: {got}", expected=expected, fix=fix)


class Source:
    """One place in a file: a mapping, a list or a scalar with its line.

    Attributes:
        path: the file, as it was named.
        line: counted from 1.
        key: the way to it from the top, such as "tree.angles.knee_flexion".
    """

    def __init__(self, path: Path, node: Any, key: str) -> None:
        self.path, self.key, self._node = path, key, node
        self.line: int = node.start_mark.line + 1
        self._taken: set[str] = set()

    def error(self, got: str, *, expected: str = "", fix: str = "") -> SourceError:
        """An error about this place."""
        return error_at(self.path, self.line, self.key, got, expected=expected, fix=fix)

    def named(self, key: str) -> "Source":
        """The same place under another key in messages."""
        return Source(self.path, self._node, key)

    def items(self) -> "Iterator[Source]":
        """The members of a list.

        Raises:
            SourceError: it is no list.
        """
        if self._node.id != "sequence":
            raise self.error(f"a {self._node.id}", expected="a list")
        for number, node in enumerate(self._node.value, 1):
            yield Source(self.path, node, f"{self.key}[{number}]")

    def one_or_many(self) -> "Iterator[Source]":
        """The members of a list, or the only one where a list isn't needed."""
        return self.items() if self._node.id == "sequence" else iter((self,))

    def members(self) -> "dict[str, Source]":
        """The values of a mapping by key.

        Raises:
            SourceError: no mapping, a key that comes twice or that isn't plain text.
        """
        if self._node.id != "mapping":
            raise self.error(f"a {self._node.id}", expected="a mapping (key: value)")
        found: dict[str, Source] = {}
        for key, value in self._node.value:
            if key.id != "scalar":
                raise self.error("a key that isn't plain text")
            name = str(key.value)
            inside = Source(self.path, value, f"{self.key}.{name}" if self.key else name)
            if name in found:
                raise inside.error("given twice", fix="remove one")
            found[name] = inside
        return found

    def text(self) -> str:
        """A scalar as text, spaces folded.

        Raises:
            SourceError: no scalar, empty, or with control characters.
        """
        if self._node.id != "scalar":
            raise self.error(f"a {self._node.id}", expected="one line of text")
        found = " ".join(str(self._node.value).split())
        if not found:
            raise self.error("nothing", expected="text")
        if not found.isprintable():
            raise self.error("control characters", fix="remove them")
        return found

    def number(self) -> float:
        """A scalar as a number.

        Raises:
            SourceError: no finite number.
        """
        text = self.text()
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value - value != 0:
            raise self.error(repr(text), expected="a number")
        return value

    def convert(self, reader: Callable[[str], Value]) -> Value:
        """The text through a reader of its own; its error is told with this place."""
        try:
            return reader(self.text())
        except SourceError:
            raise
        except ChatposeError as error:
            raise self.error(error.got, expected=error.expected, fix=error.fix) from error


def read_yaml(path: Path) -> Source:
    """Opens one file.

    Raises:
        SourceError: no YAML, aliases, or nested too deep.
        UnreadableFileError: no UTF-8 text; further as `safefiles.checked_file`.
    """
    import yaml

    try:
        content = read_limited(path, max_bytes=MAX_SOURCE_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{path} isn't text", expected="YAML in UTF-8") from error
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(content, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line + 1) if error.problem_mark else 1
        problem = f"{path}:{line}: {error.problem or error.context}"
        raise SourceError(problem, expected="YAML", fix='quote texts that hold ": "') from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"{path}: {error}", expected="YAML") from error
    if node is None:
        raise SourceError(f"{path} holds nothing", expected="a list of entries")
    _refuse_aliases(path, node)
    return Source(path, node, "")


def _refuse_aliases(path: Path, top: Any) -> None:
    """Every node may be reached once only, and not too deep."""
    seen: set[int] = set()
    waiting = [(top, 0)]
    while waiting:
        node, depth = waiting.pop()
        where = f"{path}:{node.start_mark.line + 1}"
        if id(node) in seen:
            raise SourceError(f"{where}: a YAML alias", fix="write the value out")
        seen.add(id(node))
        if depth > MAX_DEPTH:
            raise SourceError(f"{where}: nested more than {MAX_DEPTH} deep")
        if node.id == "sequence":
            waiting += [(value, depth + 1) for value in node.value]
        elif node.id == "mapping":
            waiting += [(part, depth + 1) for pair in node.value for part in pair]
