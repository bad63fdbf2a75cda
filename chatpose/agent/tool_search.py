"""The tool that searches libraries: by words, by a pose, by statements."""

from collections.abc import Mapping
from typing import Any

from chatpose.agent.bench import Bench
from chatpose.agent.items import Hit, HitList, short_title
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import resolve_pose
from chatpose.agent.replying import hits_told, listed, statement_words
from chatpose.agent.state import ConversationState
from chatpose.errors import ChatposeError
from chatpose.retrieval.query import Query

USUAL_HITS = 5


def search(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Finds poses of the library."""
    words = " ".join(str(arguments.get("query", "")).split())
    where = tuple(arguments.get("where", ()))
    count = int(arguments.get("count", USUAL_HITS))
    like = None
    seen = None
    if name := arguments.get("like"):
        like, state = resolve_pose(name, state)
        seen = like.seen.visible if like.seen is not None and like.source == "photo" else None
        words = ""
    if not words and like is None and not where:
        raise ChatposeError("a search for nothing", expected="words, a pose to be like, or statements")
    pose = like.pose if like is not None else None
    # One more than asked for: what is on screen may itself be in the library.
    query = Query.parse(words, where=where, like=pose, k=count + 1 if like else count, seen=seen)
    found = bench.parts.searcher.search(query)
    if like is not None:
        found = [
            hit for hit in found if not (like.library_id and hit.id == like.library_id and (hit.distance_mm or 0) < 1)
        ]
    told = f"for “{words}”" if words else f"like {like.name}" if like is not None else ""
    asked = words or told
    if where:
        told = f"{told} with {listed([statement_words(line) for line in where])}".strip()
        asked = f"{asked} with {', '.join(where)}".strip()
    hits = HitList(state.next_hits, short_title(asked), tuple(Hit.of(hit) for hit in found[:count]))
    rows = [
        {"name": f"result {place}", "called": hit.called, "score": round(hit.score, 3), "description": hit.description}
        | ({"distance_mm": round(hit.distance_mm, 1)} if hit.distance_mm is not None else {})
        for place, hit in enumerate(hits.hits, 1)
    ]
    text = hits_told(hits, bench.words, told, scored=bool(words))
    return Outcome(
        state.add_hits(hits), {"query": asked, "hits": rows}, text, f"{len(rows)} found", hits=hits, evidence=rows
    )
