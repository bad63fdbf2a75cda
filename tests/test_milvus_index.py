"""`MilvusIndex` on milvus-lite's own storage: the same neighbours as the exact index, filters, removal, reopening."""

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from chatpose.retrieval import milvus_index
from chatpose.retrieval.faiss_index import FlatIndex
from chatpose.retrieval.index import NO_KEY, IndexMismatchError, VectorIndex
from chatpose.retrieval.index_store import move_library
from chatpose.retrieval.milvus_index import MilvusError, MilvusIndex

D, COUNT = 32, 1500
FINGERPRINT = "0123456789abcdef" * 4


def unit_rows(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, D))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


KEYS = np.arange(COUNT) * 2 + 7


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> str:
    return str(tmp_path_factory.mktemp("milvus") / "poses.db")


@pytest.fixture(scope="module")
def index(place):
    index = MilvusIndex(place, D, FINGERPRINT)
    index.add(KEYS, unit_rows(COUNT))
    yield index
    index.close()


@pytest.fixture(scope="module")
def exact() -> FlatIndex:
    index = FlatIndex(D)
    index.add(KEYS, unit_rows(COUNT))
    return index


def test_it_finds_what_the_exact_index_finds(index, exact):
    queries = unit_rows(5, seed=1)
    assert isinstance(index, VectorIndex)
    assert len(index) == COUNT
    (keys, scores), (truth, exact_scores) = index.search(queries, 10), exact.search(queries, 10)
    assert np.array_equal(keys, truth)
    assert np.allclose(scores, exact_scores, atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.003, 0.4, 0.9])
@pytest.mark.parametrize("most", [16_384, 400], ids=["named", "portions"])
def test_filters_are_exact_however_many_keys_are_allowed(index, exact, monkeypatch, share, most):
    """With a low limit the allowed keys have to be sorted out here, or gone through in portions."""
    monkeypatch.setattr(milvus_index, "MOST_FOUND", most)
    allowed = np.random.default_rng(2).random(KEYS.max() - 50) < share
    queries = unit_rows(3, seed=3)
    assert np.array_equal(index.search(queries, 12, allowed)[0], exact.search(queries, 12, allowed)[0])


def test_a_filter_that_the_best_do_not_meet_is_gone_through_in_portions(index, exact, monkeypatch):
    monkeypatch.setattr(milvus_index, "MOST_FOUND", 100)
    queries = unit_rows(1, seed=4)
    ranked = exact.search(queries, COUNT)[0][0]
    allowed = np.zeros(KEYS.max() + 1, dtype=bool)
    allowed[ranked[COUNT // 2 :]] = True
    found = index.search(queries, 20, allowed)[0]
    assert np.array_equal(found, exact.search(queries, 20, allowed)[0])
    assert found[0, 0] == ranked[COUNT // 2]


def test_reopened_it_holds_what_it_held_and_keeps_embedders_apart(tmp_path):
    place, keys, vectors = str(tmp_path / "again.db"), np.arange(40), unit_rows(40)
    index = MilvusIndex(place, D, FINGERPRINT)
    index.add(keys, vectors)
    index.add(np.array([3]), vectors[10:11])
    index.remove(np.array([0, 10, 999]))
    assert index.search(vectors[10:11], 1)[0].tolist() == [[3]]
    index.close()
    again = MilvusIndex(place, D, FINGERPRINT)
    assert len(again) == 38
    assert (again.search(vectors[:1], 38)[0] != 0).all()
    other = MilvusIndex(place, D, "f" * 64)
    assert len(other) == 0
    assert other.search(vectors[:1], 2)[0].tolist() == [[NO_KEY, NO_KEY]]
    again.close()


def test_another_width_and_wide_queries_are_refused(index, tmp_path):
    place = str(tmp_path / "narrow.db")
    MilvusIndex(place, D, FINGERPRINT).close()
    with pytest.raises(IndexMismatchError, match="32"):
        MilvusIndex(place, D // 2, FINGERPRINT)
    with pytest.raises(IndexMismatchError):
        index.search(np.ones((1, D + 1), np.float32), 3)
    with pytest.raises(MilvusError, match="16,384"):
        index.search(unit_rows(1), 16_385)


def test_a_library_moves(tmp_path):
    class Rows:
        def keys(self):
            return KEYS[:500]

        def vectors(self):
            rows = np.zeros((KEYS.max() + 1, D), np.float16)
            rows[KEYS] = unit_rows(COUNT)
            return rows

    index = MilvusIndex(str(tmp_path / "moved.db"), D, FINGERPRINT, collection="my_poses")
    assert move_library(Rows(), index, rows_a_call=200) == 500
    assert len(index) == 500
    assert index.search(unit_rows(COUNT)[77:78], 1)[0].tolist() == [[KEYS[77]]]
    index.close()


def test_a_server_that_is_not_there_is_told_in_one_line():
    with pytest.raises(MilvusError, match="can't open Milvus") as caught:
        MilvusIndex("http://127.0.0.1:9", D, FINGERPRINT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "1st", "a b", "x; drop", "ü", "n" * 300])
def test_collection_names_are_checked(name, tmp_path):
    with pytest.raises(MilvusError, match="letters"):
        MilvusIndex(str(tmp_path / "x.db"), D, FINGERPRINT, collection=name)


def test_a_server_gets_half_precision_and_the_index_that_was_asked_for():
    """What milvus-lite can't show, on a client that notes what it is asked."""
    from pymilvus import DataType

    client = NotingClient()
    index = MilvusIndex("http://milvus:19530", D, FINGERPRINT, index_type="HNSW", client=client)
    index.add(np.arange(3), unit_rows(3))
    index.search(unit_rows(1), 2)
    assert ("vector", DataType.FLOAT16_VECTOR) in client.fields
    assert client.indices == [("vector", "HNSW", "IP")]
    assert client.rows[0]["vector"].dtype == np.float16
    assert client.asked["data"][0].dtype == np.float16
    assert client.asked["limit"] == 2


class NotingClient:
    """The part of MilvusClient's interface that is used, as its documentation tells it."""

    def __init__(self) -> None:
        self.fields, self.indices, self.rows, self.asked = [], [], [], {}

    def has_collection(self, name):
        return False

    def create_schema(self, **options):
        return self

    def add_field(self, name, kind, **options):
        self.fields.append((name, kind))

    def prepare_index_params(self):
        return self

    def add_index(self, field, index_type, metric_type):
        self.indices.append((field, index_type, metric_type))

    def create_collection(self, name, schema, index_params):
        self.name = name

    def load_collection(self, name):
        assert name == self.name == f"chatpose_{FINGERPRINT[:16]}"

    def upsert(self, name, rows):
        self.rows.extend(rows)

    def search(self, name, **asked):
        self.asked = asked
        return [[{"key": 1, "distance": 0.5}]]
