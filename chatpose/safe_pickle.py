"""Pickles from strangers, read without running anything that they ask for.

Two steps. The pickle's operations build an inert tree: containers, numbers, text, and `_Object`s that only remember
which class was asked for, with which arguments and state; names outside the allow-list end the reading. Then the tree
is turned into values by code of ours that knows numpy's arrays, scalars and dtypes (of numpy 1 and 2, Python 2 and 3),
scipy's sparse matrices (made dense) and chumpy's wrappers (unwrapped); neither scipy nor chumpy is imported.
Operations, nesting and bytes are limited, so that a small file can't take much time or memory.
"""

import io
import math
import pickle
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from chatpose.errors import ChatposeError, TooLargeError, UnreadableFileError, UnsafeFileError
from chatpose.safefiles import MAX_ARRAY_BYTES, MAX_FILE_BYTES, read_limited

MAX_OPERATIONS = 3_000_000
"""Most pickle operations: one for each number outside an array."""
_SET_MEMBER_BYTES = 100
"""What a member of a set costs at least; one list may fill many sets."""
MAX_NESTING = 50

_NUMPY_CORES = tuple(f"numpy.{core}" for core in ("core", "_core"))
_SPARSE = re.compile(r"(csc|csr|coo)_(matrix|array)")
_KINDS: dict[tuple[str, str], str] = {
    **{(f"{core}.multiarray", name): name for core in _NUMPY_CORES for name in ("_reconstruct", "scalar")},
    **{(f"{core}.numeric", "_frombuffer"): "_frombuffer" for core in _NUMPY_CORES},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    ("collections", "OrderedDict"): "dict",
    **{(module, name): name for module in ("builtins", "__builtin__") for name in ("object", "set", "frozenset",
                                                                                  "bytes", "bytearray", "complex")},
    **{(module, name): name for module in ("copyreg", "copy_reg") for name in ("_reconstructor", "__newobj__")},
}  # fmt: skip
"""What may be asked for, and what it is called from here on."""

_PLAIN_OPERATIONS = (
    pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.POP_MARK, pickle.DUP, pickle.NONE,
    pickle.NEWTRUE, pickle.NEWFALSE, pickle.INT, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG,
    pickle.LONG1, pickle.LONG4, pickle.FLOAT, pickle.BINFLOAT, pickle.STRING, pickle.BINSTRING,
    pickle.SHORT_BINSTRING, pickle.UNICODE, pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8,
    pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8, pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1,
    pickle.TUPLE2, pickle.TUPLE3, pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS, pickle.EMPTY_DICT,
    pickle.EMPTY_SET, pickle.GET, pickle.BINGET, pickle.LONG_BINGET, pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT,
    pickle.MEMOIZE, pickle.GLOBAL, pickle.STACK_GLOBAL,
)  # fmt: skip
"""Operations that Python's own reader does; the others that are known are done here, and there are no more."""
_ATOMS = (str, bytes, float, complex, type(None))
_DTYPE = re.compile(r"[<>|=]?(b1|\?|[iu][1248]|f(2|4|8|16)|c(8|16|32)|[SU]\d{1,6}|O\d?|[bBhHiIlLqQefdFD])")


def load_pickle(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> Any:
    """Reads a pickle of plain containers, numbers, text, numpy arrays, scipy matrices and chumpy wrappers.

    Returns:
        The value; sparse matrices are dense and chumpy wrappers are arrays. Arrays may be read-only.

    Raises:
        MissingFileError: nothing there.
        UnsafeFileError: it asks for anything else; the message names what.
        TooLargeError: beyond the limits.
        UnreadableFileError: not a pickle or damaged.
    """
    return parse_pickle(read_limited(path, max_bytes=max_bytes))


def parse_pickle(data: bytes) -> Any:
    """`load_pickle` for bytes in memory."""
    try:
        return _Resolver().value(_Parser(data).load())
    except ChatposeError:
        raise
    except Exception as error:  # the reader raises whatever damaged bytes lead to
        reason = f"{error or type(error).__name__}"[:200]
        raise UnreadableFileError(
            f"not a sound pickle: {reason}", fix="the file is cut short or of another kind"
        ) from error


class _Global:
    """A name from the allow-list. Says nothing about what it would do."""

    __slots__ = ("kind", "name")

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name


class _Object:
    """Something that the pickle wants made: remembered, never made by calling what was asked for."""

    __slots__ = ("args", "kind", "name", "state")

    def __init__(self, wanted: _Global, args: Sequence[Any]) -> None:
        self.kind = wanted.kind
        self.name = wanted.name
        self.args = args
        self.state: Any = None


class _Counted(dict[int, Any]):
    """A table of operations that counts look-ups."""

    def __init__(self, operations: dict[int, Any]) -> None:
        super().__init__(operations)
        self._left = MAX_OPERATIONS

    def __getitem__(self, code: int) -> Any:
        self.take(1)
        return super().__getitem__(code)

    def take(self, count: int) -> None:
        """Counts parts; a list that is used again and again counts every time."""
        self._left -= count
        if self._left < 0:
            raise TooLargeError(
                f"the pickle has over {MAX_OPERATIONS:,} parts", fix="save long lists as numpy arrays (npz)"
            )

    def __missing__(self, code: int) -> Any:
        raise pickle.UnpicklingError(f"operation {code:#04x} is unknown or not used for poses")


class _Parser(pickle._Unpickler):
    """Python's own reader with every operation that makes, changes or hashes objects replaced."""

    stack: list[Any]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._operations = _Counted(type(self).dispatch)
        self.dispatch = self._operations  # type: ignore[misc]

    def find_class(self, module: str, name: str) -> Any:
        """A marker for an allowed name."""
        kind = _KINDS.get((module, name))
        if module.split(".")[0] == "chumpy":
            kind = "chumpy"
        elif module.startswith("scipy.sparse") and _SPARSE.fullmatch(name):
            kind = name[:3]
        if kind is None:
            raise UnsafeFileError(
                f"the pickle asks for {module[:80]}.{name[:80]}",
                expected="numbers, text, numpy arrays, scipy matrices or chumpy arrays",
                fix="if you trust it, open it where it was made and save the numbers with numpy.savez",
            )
        return _Global(kind, f"{module}.{name}")

    def _make(self, wanted: Any, args: Any) -> None:
        if isinstance(wanted, _Global) and wanted.kind in ("_reconstructor", "__newobj__"):
            wanted, args = args[0], args[3:]
        if not isinstance(wanted, _Global) or type(args) not in (list, tuple):
            raise pickle.UnpicklingError("it calls something that is no class")
        made: Any = {} if wanted.kind == "dict" else _Object(wanted, args)
        if wanted.kind == "dict" and args:  # Python 2 gives an OrderedDict its items as a list of pairs
            self._operations.take(len(args[0]))
            for key, value in args[0]:
                made[_checked_key(key)] = value
        self.stack.append(made)

    def _fill(self, mapping: Any, flat: list[Any]) -> None:
        if type(mapping) is not dict or len(flat) % 2:
            raise pickle.UnpicklingError("entries for something that is no dictionary")
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            mapping[_checked_key(key)] = value

    def _load_reduce(self) -> None:
        args = self.stack.pop()
        self._make(self.stack.pop(), args)

    def _load_newobj_ex(self) -> None:
        if self.stack.pop():
            raise pickle.UnpicklingError("named arguments")
        self._load_reduce()

    def _load_obj(self) -> None:
        wanted, *args = self.pop_mark()
        self._make(wanted, args)

    def _load_inst(self) -> None:
        names = [self.readline()[:-1].decode("ascii") for _ in range(2)]  # type: ignore[attr-defined]
        self._make(self.find_class(*names), self.pop_mark())

    def _load_build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Object):
            raise pickle.UnpicklingError("a state for something that has none")
        self.stack[-1].state = state

    def _load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._fill(self.stack[-1], [key, value])

    def _load_setitems(self) -> None:
        flat = self.pop_mark()
        self._fill(self.stack[-1], flat)

    def _load_dict(self) -> None:
        flat = self.pop_mark()
        self.stack.append({})
        self._fill(self.stack[-1], flat)

    def _load_additems(self) -> None:
        items = self.pop_mark()
        if type(self.stack[-1]) is not set:
            raise pickle.UnpicklingError("items for something that is no set")
        self.stack[-1].update(_checked_key(item) for item in items)

    def _load_frozenset(self) -> None:
        items = self.pop_mark()  # exchanges the stack
        self.stack.append(frozenset(_checked_key(item) for item in items))

    def _load_bytearray8(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        data = self.read(min(size, sys.maxsize))
        if len(data) < size:
            raise pickle.UnpicklingError("the data ends early")
        self.stack.append(bytes(data))

    dispatch: ClassVar[dict[int, Any]] = {
        **{code[0]: pickle._Unpickler.dispatch[code[0]] for code in _PLAIN_OPERATIONS},
        pickle.REDUCE[0]: _load_reduce,
        pickle.NEWOBJ[0]: _load_reduce,
        pickle.NEWOBJ_EX[0]: _load_newobj_ex,
        pickle.OBJ[0]: _load_obj,
        pickle.INST[0]: _load_inst,
        pickle.BUILD[0]: _load_build,
        pickle.SETITEM[0]: _load_setitem,
        pickle.SETITEMS[0]: _load_setitems,
        pickle.DICT[0]: _load_dict,
        pickle.ADDITEMS[0]: _load_additems,
        pickle.FROZENSET[0]: _load_frozenset,
        pickle.BYTEARRAY8[0]: _load_bytearray8,
    }


def _checked_key(key: Any) -> Any:
    """A key that is cheap to hash: tuples of tuples and long integers can take for ever."""
    parts = key if isinstance(key, tuple) and len(key) <= 8 else (key,)
    for part in parts:
        short = isinstance(part, int) and part.bit_length() <= 60
        if not short and not isinstance(part, (*_ATOMS, _Object)):
            raise pickle.UnpicklingError(f"a {type(part).__name__} as a key")
    return key


class _Resolver:
    """Turns the inert tree into values; what occurs twice in the tree is one value."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}
        self._kept: list[Any] = []  # keeps ids from being used again
        self._bytes = 0
        self._depth = 0

    def value(self, node: Any) -> Any:
        """The value of a part of the tree."""
        if isinstance(node, (*_ATOMS, int)):
            return node
        if id(node) in self._done:
            return self._done[id(node)]
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise TooLargeError(f"the pickle is nested more than {MAX_NESTING} deep")
        self._kept.append(node)
        result = self._container(node) if not isinstance(node, _Object) else self._object(node)
        self._done[id(node)] = result
        self._depth -= 1
        return result

    def _container(self, node: Any) -> Any:
        if isinstance(node, list):
            made: list[Any] = []
            self._done[id(node)] = made  # before its parts: it may hold itself
            made.extend(self.value(part) for part in node)
            return made
        if isinstance(node, dict):
            table: dict[Any, Any] = {}
            self._done[id(node)] = table
            for key, part in node.items():
                table[self._key(key)] = self.value(part)
            return table
        if isinstance(node, tuple):
            return tuple(self.value(part) for part in node)
        if isinstance(node, (set, frozenset)):
            return type(node)(self._key(part) for part in node)
        raise pickle.UnpicklingError(f"{type(node).__name__} where a value should be")

    def _key(self, node: Any) -> Any:
        value = self.value(node)
        return _checked_key(value.item() if isinstance(value, np.generic) else value)

    def _object(self, node: _Object) -> Any:
        makers: dict[str, Callable[[_Object], Any]] = {
            "_reconstruct": self._array,
            "_frombuffer": self._array_of_buffer,
            "scalar": self._scalar,
            "encode": lambda node: self._raw(node.args[0]),
            "bytes": lambda node: self._raw(node.args[0] if node.args else b""),
            "bytearray": lambda node: self._raw(node.args[0] if node.args else b""),
            "set": lambda node: set(self._members(node)),
            "frozenset": lambda node: frozenset(self._members(node)),
            "complex": lambda node: complex(*node.args),
            "chumpy": self._chumpy,
            "csc": self._sparse,
            "csr": self._sparse,
            "coo": self._sparse,
        }
        if node.kind not in makers:
            raise pickle.UnpicklingError(f"{node.name} where a value should be")
        return makers[node.kind](node)

    def _members(self, node: _Object) -> list[Any]:
        items = node.args[0] if node.args else []
        if not isinstance(items, list):
            raise pickle.UnpicklingError("a set of something that is no list")
        self._take(_SET_MEMBER_BYTES * len(items))
        return [self._key(part) for part in items]

    def _take(self, count: int) -> None:
        self._bytes += count
        if self._bytes > MAX_ARRAY_BYTES:
            raise TooLargeError(f"the pickle unpacks to more than {MAX_ARRAY_BYTES:,} bytes")

    def _raw(self, node: Any) -> bytes:
        """Bytes that may have come as text of Python 2 or through `_codecs.encode`."""
        if isinstance(node, _Object):
            value = self.value(node)
            if isinstance(value, bytes):
                return value
        if isinstance(node, bytes):
            return node
        if isinstance(node, str):
            self._take(len(node))
            return node.encode("latin1")
        raise pickle.UnpicklingError("no bytes where an array's data should be")

    def _dtype(self, node: Any) -> np.dtype:
        spec = node.args[0] if isinstance(node, _Object) and node.kind == "dtype" and node.args else None
        if not isinstance(spec, str) or not _DTYPE.fullmatch(spec):
            shown = repr(spec[:20]) if isinstance(spec, str) else type(spec).__name__  # a tuple's text may be endless
            raise pickle.UnpicklingError(f"an array of {shown}: not plain numbers")
        dtype = np.dtype(spec)
        order = node.state[1] if isinstance(node.state, tuple) and len(node.state) > 1 else "="
        return dtype.newbyteorder(order) if order in ("<", ">") else dtype

    def _array(self, node: _Object) -> np.ndarray:
        if node.state is None:
            raise pickle.UnpicklingError("an array without its data")
        shape, dtype, fortran, data = node.state[-4:]
        return self._shaped(data, self._dtype(dtype), shape, "F" if fortran else "C")

    def _array_of_buffer(self, node: _Object) -> np.ndarray:
        data, dtype, shape, order = node.args
        return self._shaped(data, self._dtype(dtype), shape, order)

    def _shaped(self, data: Any, dtype: np.dtype, shape: Any, order: Any) -> np.ndarray:
        shape = _checked_shape(shape)
        count = math.prod(shape)
        self._take(count * max(dtype.itemsize, 1))
        if dtype.hasobject:
            if not isinstance(data, list) or len(data) != count:
                raise pickle.UnpicklingError("an array of objects with too few")
            flat = np.empty(count, dtype=object)
            for slot, part in enumerate(data):
                flat[slot] = self.value(part)
        else:
            raw = self._raw(data)
            if not dtype.itemsize or len(raw) != count * dtype.itemsize:
                raise pickle.UnpicklingError(f"an array of shape {shape} with {len(raw):,} bytes")
            flat = np.frombuffer(raw, dtype) if count else np.zeros(0, dtype)
        return flat.reshape(shape, order="F" if order == "F" else "C")

    def _scalar(self, node: _Object) -> Any:
        dtype, *data = node.args
        kind = self._dtype(dtype)
        if kind.hasobject or not data:
            raise pickle.UnpicklingError("a scalar without its bytes")
        return self._shaped(data[0], kind, (), "C")[()]

    def _chumpy(self, node: _Object) -> np.ndarray:
        """A plain `Ch` holds its array as x; a `Select` picks elements of another one."""
        state = node.state if isinstance(node.state, dict) else {}
        inner = state.get("x", state.get("a"))
        if inner is None:
            raise pickle.UnpicklingError(f"the chumpy expression {node.name} isn't a stored array")
        array = np.asarray(self.value(inner))
        if "idxs" in state:
            chosen = self._integers(state["idxs"])
            self._take(chosen.size * array.itemsize)
            array = array.ravel()[chosen]
        if "preferred_shape" in state:
            array = array.reshape(_checked_shape(self.value(state["preferred_shape"])))
        return array

    def _integers(self, node: Any) -> np.ndarray:
        """Whole numbers, (count,) int64."""
        array = np.asarray(self.value(node))
        if array.dtype.kind not in "iu":
            raise pickle.UnpicklingError("indices that are no whole numbers")
        return array.ravel().astype(np.int64)

    def _sparse(self, node: _Object) -> np.ndarray:
        """A dense matrix; indices are checked here, which scipy's own code doesn't do."""
        state = node.state if isinstance(node.state, dict) else {}
        shape = _checked_shape(self.value(state.get("_shape", state.get("shape"))))
        data = np.asarray(self.value(state["data"]))
        if len(shape) != 2 or data.ndim != 1 or data.dtype.kind not in "biufc":
            raise pickle.UnpicklingError("a damaged sparse matrix")
        self._take(math.prod(shape) * data.itemsize)
        if node.kind == "coo":
            pair = state["coords"] if "coords" in state else (state["row"], state["col"])
            rows, columns = (self._integers(part) for part in pair)
        else:
            along, starts = self._integers(state["indices"]), self._integers(state["indptr"])
            major = shape[1 if node.kind == "csc" else 0]
            counts = np.diff(starts)
            if len(starts) != major + 1 or (counts < 0).any() or counts.sum() != len(data):
                raise pickle.UnpicklingError("a damaged sparse matrix")
            across = np.repeat(np.arange(major), counts)
            rows, columns = (along, across) if node.kind == "csc" else (across, along)
        if (rows < 0).any() or (columns < 0).any():
            raise pickle.UnpicklingError("a damaged sparse matrix")
        dense = np.zeros(shape, data.dtype)
        np.add.at(dense, (rows, columns), data)
        return dense


def _checked_shape(shape: Any) -> tuple[int, ...]:
    whole = tuple(shape) if isinstance(shape, (tuple, list, np.ndarray)) else ()
    sizes = tuple(int(size) for size in whole if isinstance(size, (int, np.integer)) and 0 <= size < 2**40)
    if not isinstance(shape, (tuple, list, np.ndarray)) or len(sizes) != len(whole) or len(whole) > 32:
        shown = ", ".join(str(size) if isinstance(size, int) else type(size).__name__ for size in whole[:8])
        raise pickle.UnpicklingError(f"the impossible shape ({shown[:60]})")
    return sizes
