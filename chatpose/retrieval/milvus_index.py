"""`MilvusIndex`: the same four methods over a Milvus server, or over milvus-lite's folder on this machine.

Keys and vectors lie in one collection; poses, names and statement bits stay in the library. docs/milvus.md tells how a
library moves to a cluster.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from chatpose.errors import ChatposeError
from chatpose.optional import require_package
from chatpose.retrieval.index import (
    NO_KEY,
    AllowedKeys,
    IndexMismatchError,
    best_of,
    checked_queries,
    checked_rows,
    keys_allowed,
)

MOST_FOUND = 16_384
"""Most results that a search may ask for, and most keys that we name in one filter (Milvus' limits page)."""
ROWS_A_CALL = 8_192
"""Rows written at once: 8 MB of 256 single-precision numbers, of the 64 MB that a call may carry."""
KEY, VECTOR = "key", "vector"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


class MilvusError(ChatposeError, OSError):
    """The server can't be reached, or refuses."""


class MilvusIndex:
    """Vectors in a Milvus collection, made at the first use.

    Args:
        uri: "http://host:19530", or a path that ends in ".db" for milvus-lite.
        dimension: D, the length of a vector.
        fingerprint: the embedder's; its beginning is part of the collection's name, so that vectors of two embedders
            never mix.
        collection: how the collection's name begins: letters, digits and underscores.
        token: "user:password" or an API key; none for a server without accounts.
        index_type: of the server, see docs/milvus.md; milvus-lite compares all whatever it is called.
        client: an open client instead of `uri` and `token`.

    Raises:
        MissingExtraError: pymilvus isn't installed.
        MilvusError: not reachable.
        IndexMismatchError: the collection is there with vectors of another width.
    """

    def __init__(
        self,
        uri: str,
        dimension: int,
        fingerprint: str,
        *,
        collection: str = "chatpose",
        token: str = "",
        index_type: str = "AUTOINDEX",
        client: Any = None,
    ) -> None:
        if not _NAME.fullmatch(collection):
            raise MilvusError(f"collection {collection[:80]!r}", expected="letters, digits and underscores")
        self.dimension = dimension
        self._collection = f"{collection}_{fingerprint[:16]}"
        self._local = uri.endswith(".db")
        self._client = _Quiet(client if client is not None else _opened(uri, token))
        if self._client.has_collection(self._collection):
            self._check_width()
        else:
            self._create("FLAT" if self._local else index_type)
        self._client.load_collection(self._collection)

    def __len__(self) -> int:
        rows = self._client.query(self._collection, filter="", output_fields=["count(*)"], consistency_level="Strong")
        return int(rows[0]["count(*)"])

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Stores vectors; see `VectorIndex`."""
        keys, vectors = checked_rows(keys, vectors, self.dimension)
        kind = np.float32 if self._local else np.float16
        for start in range(0, len(keys), ROWS_A_CALL):
            part = slice(start, start + ROWS_A_CALL)
            rows = [
                {KEY: key, VECTOR: vector}
                for key, vector in zip(keys[part].tolist(), vectors[part].astype(kind), strict=True)
            ]
            self._client.upsert(self._collection, rows)

    def remove(self, keys: np.ndarray) -> None:
        """Forgets keys; see `VectorIndex`."""
        for start in range(0, len(keys), ROWS_A_CALL):
            self._client.delete(self._collection, ids=keys[start : start + ROWS_A_CALL].tolist())

    def search(self, queries: np.ndarray, k: int, allowed: AllowedKeys | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The nearest keys of each query; see `VectorIndex`.

        Few allowed keys, or few forbidden ones, are named in the filter. Between the two more results are asked for
        than wanted and sorted out here; where that leaves too few, the allowed keys are gone through in portions.

        Raises:
            MilvusError: k beyond `MOST_FOUND`, or the server's refusal.
        """
        queries = checked_queries(queries, self.dimension)
        if not 1 <= k <= MOST_FOUND:
            raise MilvusError(f"k = {k}", expected=f"1 to {MOST_FOUND:,}")
        if allowed is None:
            return self._search(queries, k)
        permitted = np.flatnonzero(allowed)
        if len(permitted) <= MOST_FOUND:
            return self._search(queries, k, permitted)
        wanted = min(MOST_FOUND, 4 * k * max(1, len(allowed) // len(permitted)))
        keys, scores = self._search(queries, wanted)
        good = keys_allowed(keys, allowed) & (keys != NO_KEY)
        if (good.sum(1) >= k).all():
            return best_of(np.where(good, keys, NO_KEY), np.where(good, scores, -np.inf), k)
        found = [self._search(queries, k, part) for part in _portions(permitted)]
        return best_of(np.hstack([keys for keys, _ in found]), np.hstack([scores for _, scores in found]), k)

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _search(
        self, queries: np.ndarray, k: int, permitted: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        keys = np.full((len(queries), k), NO_KEY, dtype=np.int64)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        if permitted is not None and not len(permitted):
            return keys, scores
        found = self._client.search(
            self._collection,
            data=list(queries if self._local else queries.astype(np.float16)),
            anns_field=VECTOR,
            limit=k,
            filter="" if permitted is None else f"{KEY} in {permitted.tolist()}",
            search_params={"metric_type": "IP"},
            output_fields=[KEY],
            consistency_level="Strong",  # what was added a moment ago is found
        )
        for row, hits in enumerate(found):
            keys[row, : len(hits)] = [hit[KEY] for hit in hits]
            scores[row, : len(hits)] = [hit["distance"] for hit in hits]
        return keys, scores

    def _create(self, index_type: str) -> None:
        kinds = require_package("pymilvus", "milvus", "for a Milvus index").DataType
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(KEY, kinds.INT64, is_primary=True)
        # milvus-lite knows no half precision; a server keeps half the memory with it.
        schema.add_field(VECTOR, kinds.FLOAT_VECTOR if self._local else kinds.FLOAT16_VECTOR, dim=self.dimension)
        indices = self._client.prepare_index_params()
        indices.add_index(VECTOR, index_type=index_type, metric_type="IP")
        self._client.create_collection(self._collection, schema=schema, index_params=indices)

    def _check_width(self) -> None:
        fields = self._client.describe_collection(self._collection)["fields"]
        widths = [int(field["params"].get("dim", 0)) for field in fields if field["name"] == VECTOR]
        if widths != [self.dimension]:
            raise IndexMismatchError(
                f"the collection {self._collection!r} is {widths} wide",
                expected=f"[{self.dimension}]",
                fix="name another collection, or drop this one and move the library anew",
            )


def _portions(keys: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(keys), MOST_FOUND):
        yield keys[start : start + MOST_FOUND]


def _opened(uri: str, token: str) -> Any:
    pymilvus = require_package("pymilvus", "milvus", "for a Milvus index")
    if uri.endswith(".db"):
        require_package("milvus_lite", "milvus", "for a Milvus index on this machine")
    try:
        return pymilvus.MilvusClient(uri=uri, token=token)
    except Exception as error:  # of many kinds: gRPC's, pymilvus', ValueError
        raise MilvusError(f"can't open Milvus at {uri[:200]}: {_short(error)}", fix="check the address") from error


class _Quiet:
    """A client whose failures are ours, said once."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            try:
                return method(*arguments, **options)
            except Exception as error:  # pymilvus', gRPC's, ValueError
                raise MilvusError(f"Milvus refuses {name}: {_short(error)}") from error

        return call


def _short(error: Exception) -> str:
    return str(getattr(error, "message", "") or error).splitlines()[0][:300] if str(error) else type(error).__name__
