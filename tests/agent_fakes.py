"""Quick stand-ins for what the agent works with, and models that follow a script."""

from collections.abc import Callable, Sequence
from functools import cache

from photo_fakes import StandingPeople

from chatpose.agent.agent import Agent
from chatpose.agent.backends.protocol import Call, Move, Say, View
from chatpose.agent.parts import Parts
from chatpose.agent.toolbox import Toolbox
from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import Namer
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.language.verified.answer import Generated, VerifiedPose
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plausibility import Plausibility
from chatpose.language.verified.spotting import NameSpotter
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.parsing.parser import SentenceParser
from chatpose.posecodes.solve_quality import Quality
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.library_rows import LibraryRow, RowName
from chatpose.retrieval.query import Query


@cache
def describer() -> Describer:
    return Describer()


@cache
def namer() -> Namer:
    return Namer(describer=describer())


@cache
def parser() -> SentenceParser:
    return SentenceParser()


def entry_pose(name: str) -> Pose:
    return Atlas.load().pose(name)


class AtlasGenerator:
    """Makes the poses of the atlas that a text names, and measures them like the real one."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self._spotter = NameSpotter(namer().atlas)

    def generate(self, text, *, count=1, seed=0, verify=True, on_first=None, history=()):
        self.asked.append((text, count, seed))
        spotted = self._spotter.spot(text)
        parsed = parser().parse(text)
        if not spotted and not parsed.statements:
            return Generated(text, None, (), ("nothing in this request was understood as a pose: name one",), 0.01)
        entry = namer().atlas.find(spotted[0].entry_id if spotted else "mountain")
        pose = namer().atlas.pose(entry.id)
        if on_first is not None:
            on_first(pose)
        expected = () if parsed.statements and not spotted else tuple(entry.claims)
        said = tuple(parsed.statements)
        sources = {str(one): entry.name for one in expected} | {str(one): "said" for one in said}
        plan = Plan(text, said, expected, entry.id if spotted else None, named=bool(spotted), sources=sources)
        poses = [pose if place % 2 == 0 else pose.mirror() for place in range(count)]
        return Generated(text, plan, tuple(self._verified(one, plan) for one in poses), (), 0.01)

    def _verified(self, pose, plan):
        points, gaps = describer().measure(pose)
        rows = check(plan.statements, points, gaps)[0] if plan.statements else []
        quality = Quality(0.0, "", 0.0, 0.0, (), None, ())
        return VerifiedPose(
            pose,
            describer().describe(pose),
            tuple(rows),
            0.9,
            "atlas",
            plan.entry,
            plan,
            Plausibility(1.0, 0.1, quality),
            False,
            True,
        )


class AtlasSearcher:
    """Finds entries of the atlas by words of their names, or any."""

    def __init__(self) -> None:
        self.queries: list[Query] = []

    def search(self, query):
        self.queries.append(query)
        entries = list(Atlas.load().entries)
        words = set(query.text.lower().split()) - {"a", "the", "of"}
        entries.sort(key=lambda entry: -len(words & set(entry.name.lower().split())))
        found = []
        for place, entry in enumerate(entries[: query.k]):
            pose = Atlas.load().pose(entry.id)
            row = LibraryRow(
                place,
                f"row-{entry.id}",
                (RowName(entry.name, 0.9, entry.id),),
                "",
                "atlas",
                "Apache-2.0",
                "atlas",
                place,
            )
            distance = None if query.like is None else 10.0 * (place + 1)
            found.append(
                SearchHit(
                    row,
                    0.9 - place / 10,
                    pose,
                    describer().describe(pose).text,
                    describer().body.joints(pose),
                    distance_mm=distance,
                )
            )
        return found


def fake_parts(**others) -> Parts:
    made = {
        "describer": describer(),
        "namer": namer(),
        "parser": parser(),
        "generator": AtlasGenerator(),
        "searcher": AtlasSearcher(),
        "estimator": StandingPeople(),
    }
    return Parts(**(made | others))


def fake_agent(tmp_path, backend=None, max_steps=8, **others) -> Agent:
    return Agent(Toolbox(fake_parts(**others), tmp_path), backend, max_steps)


class Scripted:
    """A model that makes given moves, one after the other; the last one again and again."""

    name = "scripted"

    def __init__(self, *moves: Move | Exception | Callable[[View], Move], pieces: Sequence[str] = ()) -> None:
        self.moves, self.pieces = list(moves), pieces
        self.views: list[View] = []

    def next(self, view, *, on_text=None, cancelled=lambda: False):
        self.views.append(view)
        move = self.moves[min(len(self.views), len(self.moves)) - 1]
        if isinstance(move, Exception):
            raise move
        if on_text is not None and isinstance(move, Say):
            for piece in self.pieces:
                on_text(piece)
        return move(view) if callable(move) else move


def call(name: str, **arguments) -> Call:
    return Call((ToolCall(name, arguments),))
