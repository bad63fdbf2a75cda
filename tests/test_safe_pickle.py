"""`chatpose.safe_pickle`: reads what poses need and runs nothing."""

import collections
import contextlib
import os
import pickle
import pickletools
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from chatpose.errors import ChatposeError, TooLargeError, UnreadableFileError, UnsafeFileError
from chatpose.safe_pickle import load_pickle, parse_pickle

PROTOCOLS = range(6)


def same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool(np.array_equal(one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        {"poses": np.arange(12.0).reshape(3, 4), "gender": "neutral", "n": 5, 3: (1, 2.5, None, True)},
        [np.float32(2.5), np.int64(7), np.bool_(True), -1, 10**20],
        np.arange(6, dtype=np.int16).reshape(2, 3).astype(">i2"),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(["ab", "c"]),
        np.zeros((0, 3), np.float32),
        np.array(3.0),
        np.array([None, "x", 2], dtype=object),
        {"s": {1, 2}, "f": frozenset({"a"}), "b": b"\x00\xff", "e": b"", "c": 1 + 2j},
        {(1, "a"): "tuple key"},
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain_values_come_back_equal(value, protocol: int) -> None:
    assert same(parse_pickle(pickle.dumps(value, protocol)), value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ordered_dict_comes_back_as_dict(protocol: int) -> None:
    value = collections.OrderedDict(b=1, a=2)
    assert list(parse_pickle(pickle.dumps(value, protocol)).items()) == [("b", 1), ("a", 2)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", [sparse.csc_matrix, sparse.csr_matrix, sparse.coo_matrix, sparse.csr_array])
def test_sparse_matrices_become_dense(kind, protocol: int) -> None:
    dense = np.array([[0.0, 2, 0], [0, 0, -1]])
    np.testing.assert_array_equal(parse_pickle(pickle.dumps(kind(dense), protocol)), dense)


def test_numpy_1_names_are_read() -> None:
    data = pickle.dumps(np.arange(3), 2).replace(b"numpy._core.", b"numpy.core.")
    np.testing.assert_array_equal(parse_pickle(data), np.arange(3))


def test_python_2_pickle_is_read() -> None:
    """What Python 2.7 writes for {'pose': array([1., 2.])}: byte strings, numpy.core, a latin-1 buffer."""
    raw = struct.pack("<2d", 1.0, 2.0)
    data = (
        b"\x80\x02}q\x00U\x04poseq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85q\x04"
        b"U\x01bq\x05\x87q\x06Rq\x07(K\x01K\x02\x85q\x08cnumpy\ndtype\nq\x09U\x02f8q\x0aK\x00K\x01\x87q\x0bRq\x0c"
        b"(K\x03U\x01<q\x0dNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0eb\x89U\x10" + raw + b"q\x0ftq\x10bs."
    )
    np.testing.assert_array_equal(parse_pickle(data)["pose"], [1.0, 2.0])


def test_shared_and_circular_parts_survive() -> None:
    shared = [1, 2]
    value = parse_pickle(pickle.dumps({"a": shared, "b": shared}))
    assert value["a"] is value["b"]
    circle: list = []
    circle.append(circle)
    back = parse_pickle(pickle.dumps(circle))
    assert back[0] is back


class Evil:
    def __init__(self, function, *args) -> None:
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "system"), (eval, "eval"), (getattr, "getattr"), (open, "open"), (bytes.fromhex, "getattr")],
)
def test_code_is_refused_and_not_run(function, name: str, protocol: int, tmp_path) -> None:
    target = tmp_path / "made"
    data = pickle.dumps({"pose": np.zeros(3), "x": Evil(function, f"touch {target}")}, protocol)
    with pytest.raises(UnsafeFileError, match=name):
        parse_pickle(data)
    assert not target.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cnumpy\nload\n.",
        b"cnumpy.core.multiarray\nfromfile\n.",
        b"cnumpy.f2py.crackfortran\nmyeval\n.",
        b"cscipy.sparse.linalg\nLinearOperator\n.",
        b"cbuiltins\nlist\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.data\x93.",
        b"(inumpy\nsave\n.",
    ],
)
def test_other_names_of_allowed_packages_are_refused(data: bytes) -> None:
    with pytest.raises(UnsafeFileError, match="the pickle asks for"):
        parse_pickle(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a pickle",
        b"\x80\x04.",
        pickle.dumps(np.zeros(1000))[:-50],
        b"cnumpy\nndarray\n.",  # a class alone is no value
        b"cnumpy\nndarray\n(I1000000000000\ntR.",  # an array without data
        b"cnumpy\ndtype\n(S'f8'\ntR(I1\ntb.",
        b"]K\x01}b.",  # a state for a list
        b"}(((I1\nttI1\nu.",  # a tuple of tuples as a key
        b"Pspam\n.",  # persistent id
        b"\x80\x02\x82\x01.",  # extension registry
        b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",  # a bytearray of 2**63
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # bytes of 2**63
    ],
)
def test_damaged_pickles_get_one_line(data: bytes) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        parse_pickle(data)
    assert "\n" not in str(caught.value)


def test_array_shorter_than_its_shape_is_refused() -> None:
    data = pickle.dumps(np.zeros(3), 2).replace(b"K\x03\x85", b"K\x04\x85")
    with pytest.raises(UnreadableFileError, match="array of shape"):
        parse_pickle(data)


def test_sparse_indices_are_checked() -> None:
    matrix = sparse.csr_matrix(np.eye(2))
    matrix.indices[:] = 10**6
    with pytest.raises(UnreadableFileError):
        parse_pickle(pickle.dumps(matrix))
    matrix.indices[:] = -1
    with pytest.raises(UnreadableFileError):
        parse_pickle(pickle.dumps(matrix))


def test_huge_sparse_matrix_is_refused() -> None:
    with pytest.raises(TooLargeError):
        parse_pickle(pickle.dumps(sparse.coo_matrix(([1.0], ([0], [0])), shape=(10**6, 10**6))))


def test_many_copies_of_one_string_are_refused() -> None:
    text = b"X" + struct.pack("<I", 10**7) + b"a" * 10**7 + b"q\x00"
    encode = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
    with pytest.raises(TooLargeError):
        parse_pickle(b"\x80\x02(" + text + encode * 200 + b"l.")


def test_too_many_parts_are_refused_quickly() -> None:
    start = time.process_time()
    with pytest.raises(TooLargeError):
        parse_pickle(b"\x80\x02" + b"}" * 20_000_000 + b".")
    assert time.process_time() - start < 10


def test_nested_key_bomb_ends_at_once() -> None:
    """A tuple that holds itself twice, 60 deep, takes 2**60 steps to hash."""
    with pytest.raises(UnreadableFileError):
        parse_pickle(b"\x80\x02})" + b"2\x86" * 60 + b"K\x01s.")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(TooLargeError, match="nested"):
        parse_pickle(b"\x80\x02" + b"(" * 100_000 + b"l" * 100_000 + b".")


def test_file_is_read_and_limited(tmp_path) -> None:
    path = tmp_path / "pose.pkl"
    path.write_bytes(pickle.dumps({"pose": np.ones(72)}))
    assert load_pickle(path)["pose"].sum() == 72
    with pytest.raises(TooLargeError):
        load_pickle(path, max_bytes=100)


SEED = pickle.dumps({"pose": np.arange(4.0), "trans": [1, 2.0], "m": sparse.csc_matrix(np.eye(2))}, 2)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SEED) - 1), st.binary(min_size=1, max_size=4))
def test_fuzzed_pickles_never_raise_anything_else(position: int, noise: bytes) -> None:
    data = SEED[:position] + noise + SEED[position + len(noise) :]
    with contextlib.suppress(ChatposeError):
        parse_pickle(data)


def test_every_operation_of_pickle_is_decided_on() -> None:
    """A new operation of a later Python is refused, not run by the base class."""
    from chatpose.safe_pickle import _Parser

    known = {opcode.code.encode("latin1")[0] for opcode in pickletools.opcodes}
    refused = {opcode.name for opcode in pickletools.opcodes if opcode.code.encode("latin1")[0] not in _Parser.dispatch}
    assert set(_Parser.dispatch) <= known
    assert refused == {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}


@pytest.mark.parametrize("maker", [b"c__builtin__\nset\n", b"ccollections\nOrderedDict\n"])
def test_one_long_list_used_many_times_is_refused_soon(tmp_path, maker):
    pairs = b"(lp1\n" + b"".join(b"(I%d\nI1\nta" % number for number in range(20_000))
    data = pairs + b"0(" + b"".join(maker + b"(g1\ntR" for _ in range(20_000)) + b"l."
    path = tmp_path / "many.pkl"
    path.write_bytes(data)
    start = time.perf_counter()
    with pytest.raises(ChatposeError):
        load_pickle(path)
    assert time.perf_counter() - start < 90  # quadratic would take hours; busy machines take their time
