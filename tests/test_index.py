"""Vector indices: exact and approximate ones give what a matrix product gives, filters and removals are exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.errors import UnreadableFileError
from chatpose.retrieval.faiss_index import FlatIndex
from chatpose.retrieval.index import NO_KEY, IndexMismatchError, VectorIndex, best_of, keys_allowed
from chatpose.retrieval.index_store import FixedIndex, LibraryIndex, move_library
from chatpose.retrieval.ivf_index import IvfIndex, IvfSettings
from chatpose.retrieval.library_card import LibraryCard
from chatpose.retrieval.library_files import INDEX

D = 32
SMALL = IvfSettings(numbers_per_code=2, visited=0.25, exact_below=50, least_reranked=200)


def unit_rows(count: int, seed: int = 0, clusters: int = 12) -> np.ndarray:
    """Clustered unit vectors that half precision holds exactly enough."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((clusters, D))
    rows = centres[generator.integers(clusters, size=count)] + 0.4 * generator.standard_normal((count, D))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def exact(keys: np.ndarray, vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    return keys[np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :k]]


# --- the exact index -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_flat_index_gives_the_exact_neighbours(threads):
    vectors, queries = unit_rows(700), unit_rows(9, seed=1)
    keys = np.arange(700) * 3 + 5
    index = FlatIndex(D, threads=threads, block_rows=150)
    index.add(keys, vectors)
    found, scores = index.search(queries, 10)
    assert isinstance(index, VectorIndex)
    assert len(index) == 700
    assert np.array_equal(found, exact(keys, vectors, queries, 10))
    assert np.allclose(scores, np.sort(queries @ vectors.T, axis=1)[:, ::-1][:, :10], atol=1e-5)


def test_half_precision_rows_are_taken_as_they_are():
    vectors = unit_rows(40)
    one, other = FlatIndex(D), FlatIndex(D)
    one.add(np.arange(40), vectors)
    other.add(np.arange(40), vectors.astype(np.float16))
    queries = unit_rows(3, seed=2)
    assert np.array_equal(one.search(queries, 40)[1], other.search(queries, 40)[1])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0, 1), k=st.integers(1, 30))
def test_filter_and_removal_are_exact(seed, share, k):
    """Searching under a filter, after removals and a replacement, is searching what is left."""
    generator = np.random.default_rng(seed)
    vectors, queries = unit_rows(200, seed), unit_rows(2, seed + 1)
    keys = generator.permutation(400)[:200]
    index = FlatIndex(D, threads=1, block_rows=64)
    index.add(keys, vectors)
    removed = generator.choice(keys, 30, replace=False)
    index.remove(removed)
    index.remove(np.array([100_000]))
    again = np.setdiff1d(keys, removed)[:5]
    index.add(again, unit_rows(5, seed + 2))
    vectors[[int(np.flatnonzero(keys == key)[0]) for key in again]] = unit_rows(5, seed + 2)
    allowed = generator.random(350) < share
    left = ~np.isin(keys, removed) & keys_allowed(keys, allowed)
    found, scores = index.search(queries, k, allowed)
    count = min(k, int(left.sum()))
    assert len(index) == 170
    assert (found[:, count:] == NO_KEY).all()
    assert np.isneginf(scores[:, count:]).all()
    truth = np.sort(queries @ vectors[left].T, axis=1)[:, ::-1][:, :count]
    assert np.allclose(scores[:, :count], truth, atol=1e-5)
    assert np.isin(found[:, :count], keys[left]).all()


def test_an_empty_index_finds_nothing():
    found, scores = FlatIndex(D).search(unit_rows(2), 4)
    assert found.shape == scores.shape == (2, 4)
    assert (found == NO_KEY).all()


@pytest.mark.parametrize(
    ("keys", "width"),
    [([1, 1], D), ([0, -1], D), ([0], D), ([0, 1], D - 1)],
    ids=["twice", "negative", "few", "narrow"],
)
def test_rows_that_do_not_go_together_are_refused(keys, width):
    with pytest.raises(IndexMismatchError):
        FlatIndex(D).add(np.array(keys), np.ones((2, width), np.float32))


def test_queries_of_another_embedder_are_refused():
    index = FlatIndex(D)
    index.add(np.arange(4), unit_rows(4))
    with pytest.raises(IndexMismatchError, match="embedder"):
        index.search(np.ones((1, D + 1), np.float32), 3)


def test_best_of_orders_ties_by_key_and_fills_up():
    keys, scores = best_of(np.array([[7, 3, 5]]), np.array([[0.5, 0.5, 0.9]], np.float32), 4)
    assert keys.tolist() == [[5, 3, 7, NO_KEY]]
    assert scores[0, :3].tolist() == pytest.approx([0.9, 0.5, 0.5])


# --- beyond a million: cells and codes -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    return unit_rows(6000)


@pytest.fixture(scope="module")
def ivf(many) -> IvfIndex:
    index = IvfIndex(D, many.__getitem__, SMALL)
    index.add(np.arange(6000), many)
    return index


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([len(set(one) & set(other)) / len(other) for one, other in zip(found, truth, strict=True)]))


def test_cells_and_codes_find_nearly_all_and_score_exactly(ivf, many):
    queries = unit_rows(40, seed=5)
    found, scores = ivf.search(queries, 10)
    assert recall(found, exact(np.arange(6000), many, queries, 10)) >= 0.97
    assert np.allclose(scores, np.einsum("qd,qkd->qk", queries, many[found]), atol=1e-5)


@pytest.mark.parametrize("share", [0.5, 0.004])
def test_cells_and_codes_respect_the_filter(ivf, many, share):
    allowed = np.random.default_rng(3).random(6000) < share
    queries = unit_rows(20, seed=6)
    found, _ = ivf.search(queries, 10, allowed)
    keys = np.flatnonzero(allowed)
    assert np.isin(found[found != NO_KEY], keys).all()
    # Few allowed keys are compared one by one.
    assert recall(found, exact(keys, many[keys], queries, 10)) >= (0.95 if share > 0.1 else 1.0)


def test_saved_cells_and_codes_find_the_same(ivf, many, tmp_path):
    ivf.save(tmp_path / "index.safetensors", "stamp")
    loaded = IvfIndex.load(tmp_path / "index.safetensors", "stamp", D, many.__getitem__, SMALL)
    queries = unit_rows(10, seed=7)
    assert len(loaded) == 6000
    assert np.array_equal(loaded.search(queries, 10)[0], ivf.search(queries, 10)[0])
    loaded.remove(np.arange(0, 6000, 2))
    loaded.add(np.array([0]), many[:1])
    assert len(loaded) == 3001
    assert loaded.search(many[:1], 1)[0].tolist() == [[0]]
    assert (loaded.search(queries, 10)[0] % 2 == 1).sum() >= 90


@pytest.mark.parametrize("damage", ["stamp", "cut", "flip", "arrays", "missing"])
def test_a_damaged_index_file_is_refused(ivf, many, tmp_path, damage):
    path = tmp_path / "index.safetensors"
    ivf.save(path, "stamp")
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flip":
        data[3] ^= 0xFF
        path.write_bytes(data)
    elif damage == "arrays":
        path.write_bytes(bytes(data).replace(b'"sizes"', b'"sizez"'))
    elif damage == "missing":
        path.unlink()
    with pytest.raises(UnreadableFileError):
        IvfIndex.load(path, "other" if damage == "stamp" else "stamp", D, many.__getitem__, SMALL)


def test_too_few_vectors_to_learn_from_are_refused():
    with pytest.raises(IndexMismatchError, match="256"):
        IvfIndex(D, unit_rows(10).__getitem__, SMALL).add(np.arange(10), unit_rows(10))


# --- the index of a library ------------------------------------------------------------------------------------------


class Rows:
    """A library's vectors; keys may be removed and added."""

    def __init__(self, folder, count: int) -> None:
        self.folder, self.card = folder, LibraryCard("library", D, "", "", 1)
        self.rows, self.alive = unit_rows(count).astype(np.float16), np.arange(count)

    @property
    def state(self) -> str:
        return f"{self.card.id} {len(self.alive)} {self.alive[-1]}"

    def keys(self) -> np.ndarray:
        return self.alive

    def vectors(self) -> np.ndarray:
        return self.rows


@pytest.mark.parametrize("exact_rows", [10_000, 1000], ids=["exact", "cells"])
def test_the_index_follows_its_library(tmp_path, exact_rows):
    rows = Rows(tmp_path, 3000)
    store = LibraryIndex(rows, exact_rows=exact_rows, settings=SMALL)
    query = rows.rows[77:78].astype(np.float32)
    assert store.current().search(query, 1)[0].tolist() == [[77]]
    before = store.current()
    rows.alive = np.delete(rows.alive, 77)
    assert store.current() is before
    assert len(before) == 2999
    assert store.current().search(query, 1)[0].tolist() != [[77]]
    rows.alive = np.arange(3000)
    assert store.current().search(query, 1)[0].tolist() == [[77]]
    rows.card = LibraryCard("repaired", D, "", "", 1)
    assert store.current() is not before
    assert (tmp_path / INDEX).exists() == (exact_rows == 1000)


def test_a_kept_index_is_read_and_a_damaged_one_made_anew(tmp_path):
    rows = Rows(tmp_path, 3000)
    query = rows.rows[5:6].astype(np.float32)
    options = {"exact_rows": 1000, "settings": SMALL}
    LibraryIndex(rows, **options).current()
    kept = (tmp_path / INDEX).read_bytes()
    rows.alive = rows.alive[:2900]
    again = LibraryIndex(rows, **options).current()
    assert len(again) == 2900
    assert again.search(query, 1)[0].tolist() == [[5]]
    (tmp_path / INDEX).write_bytes(kept[:500])
    assert LibraryIndex(rows, **options).current().search(query, 1)[0].tolist() == [[5]]
    assert len((tmp_path / INDEX).read_bytes()) > 10_000


def test_an_index_kept_elsewhere_must_hold_what_the_library_holds(tmp_path):
    rows, index = Rows(tmp_path, 300), FlatIndex(D)
    with pytest.raises(IndexMismatchError, match="move the library"):
        FixedIndex(rows, index).current()
    assert move_library(rows, index, rows_a_call=128) == 300
    assert len(FixedIndex(rows, index).current()) == 300
    assert move_library(rows, index) == 300
    assert len(index) == 300
