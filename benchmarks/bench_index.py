"""Search time and recall of the vector indices on synthetic unit vectors, clustered as embeddings of motion are.

    python benchmarks/bench_index.py --count 1000000 --threads 1
    python benchmarks/bench_index.py --count 1000000 --ivf

Vectors are clips: each clip a walk around a random centre of its activity. Queries stand near vectors, as texts do.
Wall time is loose on a loaded machine, so CPU time is printed beside it.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from chatpose.retrieval.faiss_index import FlatIndex
from chatpose.retrieval.index import VectorIndex
from chatpose.retrieval.ivf_index import IvfIndex, IvfSettings

K = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ivf", action="store_true", help="IVF-PQ with re-ranking, too")
    parser.add_argument("--visited", type=float, nargs="*", default=[IvfSettings.visited], help="shares of the cells")
    options = parser.parse_args()
    vectors, queries = synthetic(options.count, options.dimension, options.queries)
    exact = exact_neighbours(vectors, queries)
    keys = np.arange(options.count, dtype=np.int64)
    print(f"{options.count:,} vectors of {options.dimension}, k = {K}, {options.threads} thread(s)")
    flat = FlatIndex(options.dimension, threads=options.threads)
    built = timed(lambda: flat.add(keys, vectors))
    print(f"fp16 flat: built in {built[0]:.2f} s (CPU {built[1]:.2f} s)")
    report("fp16 flat", flat, queries, exact, None)
    generator = np.random.default_rng(1)
    for share in (0.5, 0.05, 0.001):
        allowed = generator.random(options.count) < share
        truth = exact_neighbours(vectors, queries, allowed)
        report(f"fp16 flat, {share:.1%} allowed", flat, queries, truth, allowed)
    if options.ivf:
        run_ivf(options, keys, vectors, queries, exact)


def run_ivf(
    options: argparse.Namespace, keys: np.ndarray, vectors: np.ndarray, queries: np.ndarray, exact: np.ndarray
) -> None:
    ivf = IvfIndex(options.dimension, lambda wanted: vectors[wanted])
    built = timed(lambda: ivf.add(keys, vectors))
    print(f"IVF-PQ: built in {built[0]:.1f} s (CPU {built[1]:.1f} s)")
    for visited in options.visited:
        ivf.settings = IvfSettings(visited=visited)
        report(f"IVF-PQ + re-ranking, {visited:.0%} of cells", ivf, queries, exact, None)
        allowed = np.random.default_rng(1).random(options.count) < 0.5
        truth = exact_neighbours(vectors, queries, allowed)
        report(f"IVF-PQ + re-ranking, {visited:.0%} of cells, 50% allowed", ivf, queries, truth, allowed)


def synthetic(count: int, dimension: int, queries: int, clip: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """Half-precision unit vectors (count, D) and float32 queries."""
    generator = np.random.default_rng(0)
    activities = generator.standard_normal((200, dimension)).astype(np.float32)
    vectors = np.empty((count, dimension), np.float16)
    for start in range(0, count, clip):
        steps = generator.standard_normal((min(clip, count - start), dimension)).astype(np.float32)
        centre = activities[generator.integers(len(activities))] + 0.7 * generator.standard_normal(dimension)
        vectors[start : start + clip] = unit(centre + 0.08 * np.cumsum(steps, axis=0))
    chosen = generator.integers(count, size=queries)
    near = vectors[chosen].astype(np.float32)
    return vectors, unit(near + 0.05 * generator.standard_normal(near.shape)).astype(np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def exact_neighbours(vectors: np.ndarray, queries: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """(Q, K) rows by float32 products, block by block."""
    scores = np.concatenate(
        [queries @ vectors[start : start + 100_000].astype(np.float32).T for start in range(0, len(vectors), 100_000)],
        axis=1,
    )
    if allowed is not None:
        scores[:, ~allowed] = -np.inf
    return np.argpartition(-scores, K, axis=1)[:, :K]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def report(name: str, index: VectorIndex, queries: np.ndarray, exact: np.ndarray, allowed: np.ndarray | None) -> None:
    found = []
    index.search(queries[:1], K, allowed)
    times = [timed(lambda row=query: found.append(index.search(row[None], K, allowed)[0][0])) for query in queries]
    wall, cpu = np.median(np.array(times), axis=0) * 1000
    recall = np.mean([len(set(one) & set(other)) / K for one, other in zip(found, exact.tolist(), strict=True)])
    print(f"{name}: {wall:.1f} ms a query (CPU {cpu:.1f} ms, least wall {min(times)[0] * 1000:.1f}), "
          f"recall@{K} {recall:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
