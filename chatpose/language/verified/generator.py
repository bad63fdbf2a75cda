"""`Generator`: a request in words → poses that were measured, repaired and ranked."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.pose_prior import PosePrior
from chatpose.errors import ChatposeError, MissingExtraError, MissingFileError
from chatpose.language.verified.answer import Generated, VerifiedPose, notes_of
from chatpose.language.verified.candidates import Candidate, CandidateSource, gathered
from chatpose.language.verified.candidates_bases import BaseSource
from chatpose.language.verified.candidates_grafts import GraftSource
from chatpose.language.verified.candidates_library import EntrySource, LibrarySource
from chatpose.language.verified.candidates_mending import Draft, Mender
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plausibility import KnownPoses, PlausibilityMeter
from chatpose.language.verified.ranking import Judge, Judged
from chatpose.language.verified.ranking_measure import Held, Meter
from chatpose.language.verified.request import RequestReader
from chatpose.language.verified.request_near import NearEntries
from chatpose.language.verified.request_scenes import postures_of
from chatpose.language.verified.request_text import foreign_script
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.parsing.parser import SentenceParser
from chatpose.posecodes.solve import Solver
from chatpose.retrieval.embedder import Embedder
from chatpose.retrieval.search_place import LibrarySearch, open_search
from chatpose.retrieval.shipped_poses import ShippedPoses

MAX_COUNT = 64
"""Most poses for one request."""
PLANS = 5
"""Most ways to understand a request that are tried."""
FAR_FETCHED = 1.3
"""By how much farther-fetched than the likeliest plan another one may be to be tried."""
SAYS_MUCH = 3
"""Things said of limbs from which they may be all that is meant."""
ROUGH, SETTLED = 0.4, 2
"""Flaws from which poses that hold what is said are smoothed, and how many of them."""
WANTING = 0.15
"""What missed hopes may cost before a pose is repaired for them alone."""
DRAWN = 2
"""Poses that the model draws for one answer."""
MENDED = 5
"""Candidates that are repaired, for one pose, beside the model's best."""
BESIDE_ENTRY = 0.6
"""What it costs to take the model's own pose where the request names one of the atlas."""
AGREEMENT = 2.0
"""How far-fetched an entry is that is nothing of what the other near ones must be."""
PER_PLAN = 3
"""Candidates of each plan, for one pose."""

FirstPose = Callable[[Pose], Any]


class Generator:
    """Makes poses from words; one a process is enough, threads may share it.

    Args:
        reader: of requests.
        sources: of candidates.
        mender: repairs.
        judge: measures and ranks.
        describer: puts the answers into words.
        model: a source that reads the words itself (chatpose-nano); None where there is none.
    """

    def __init__(
        self,
        reader: RequestReader,
        sources: Sequence[CandidateSource],
        mender: Mender,
        judge: Judge,
        describer: Describer,
        model: CandidateSource | None = None,
    ) -> None:
        self._reader, self._sources = reader, tuple(sources)
        self._mender, self._judge, self._describer = mender, judge, describer
        self._model = model

    @classmethod
    def open(
        cls,
        *,
        library: LibrarySearch | bool | None = True,
        nano: CandidateSource | bool | None = True,
        describer: Describer | None = None,
        embedder: Embedder | None = None,
    ) -> "Generator":
        """The generator that ships with chatpose.

        Args:
            library: to search for candidates; True for the person's own and the one that ships, False for none.
            nano: the model; True for the one that ships, where it is there, False for none.
            describer: of the body that is meant; of the open one when absent.
            embedder: of words and poses; the shipped one, where it is there, when absent.

        Raises:
            ChatposeError: data that ships with chatpose is missing or damaged.
        """
        describer = describer or Describer()
        atlas, shipped = Atlas.load(), ShippedPoses.load()
        embedder = embedder or _or_none(Embedder.from_pretrained)
        finder = NearEntries(atlas, (lambda: embedder) if embedder is not None else None)
        meter, prior = Meter(describer), PosePrior.load()
        bases = BaseSource(atlas, meter)
        sources: list[CandidateSource] = [EntrySource(atlas, shipped), bases, GraftSource(atlas, bases, meter, prior)]
        if library is True and embedder is not None:
            sources.append(_LateLibrary(embedder, describer))
        elif isinstance(library, LibrarySearch):
            sources.append(LibrarySource(library))
        plausible = PlausibilityMeter(describer.body, KnownPoses.shipped(shipped, describer.body), prior)
        return cls(
            RequestReader(SentenceParser(), atlas, finder, postures_of(atlas, describer.body)),
            sources,
            Mender(Solver(describer.body, prior), atlas),
            Judge(meter, plausible, bases.at_rest),
            describer,
            _shipped_model(finder) if nano is True else nano or None,
        )

    def read(self, text: str, *, history: Sequence[Plan] = ()) -> list[Plan]:
        """How a request is understood, the likeliest way first."""
        return self._reader.read(text, history=history)

    def generate(
        self,
        text: str,
        *,
        count: int = 1,
        seed: int = 0,
        verify: bool = True,
        on_first: FirstPose | None = None,
        history: Sequence[Plan] = (),
    ) -> Generated:
        """Answers a request.

        Args:
            text: free words.
            count: different poses that are wanted; there may be fewer.
            seed: of what is drawn; the same seed gives the same answer.
            verify: measure, repair and rank; otherwise the model's first poses as they are, or what there is.
            on_first: is told an early pose, before it is verified.
            history: plans of a conversation, the latest last.

        Raises:
            RequestError: no words.
            TooLargeError: too many words.
            ChatposeError: a count out of range.
        """
        if not 1 <= count <= MAX_COUNT:
            raise ChatposeError(f"{count} poses", expected=f"1 to {MAX_COUNT}")
        start = time.perf_counter()
        plans = _tried(self._agreed(self._reader.read(text, history=history)))
        if not plans:
            return Generated(text, None, (), (_nothing(text),), time.perf_counter() - start)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            best = self._verified(plans, count, rng, on_first) if verify else self._raw(plans, count, rng, on_first)
        poses = tuple(self._told(best, seed, verify))
        plan = poses[0].plan if poses else plans[0]
        return Generated(text, plan, poses, tuple(notes_of(plan)), time.perf_counter() - start)

    def _agreed(self, plans: Sequence[Plan]) -> list[Plan]:
        """Of entries that are only near in words, those whose poses are what the others must be come first, too.

        Several near ones often have something in common ("terrible news": hands go to the head, the back bends),
        which is likelier to be meant than what only one of them has.
        """
        near = [plan for plan in plans if plan.entry is not None and not plan.named and not plan.said]
        if len(near) < 2:
            return list(plans)
        shares = np.array([plan.share for plan in near])
        held = self._judge.agreement(self._mender.poses_of(near), [plan.expected for plan in near])
        agreed = (held * shares).sum(1) / shares.sum()
        weighed = [replace(plan, weight=plan.weight + AGREEMENT * (1 - agreed[k])) for k, plan in enumerate(near)]
        others = [plan for plan in plans if plan not in near]
        return sorted([*others, *weighed], key=lambda plan: plan.weight)

    def _raw(
        self, plans: Sequence[Plan], count: int, rng: np.random.Generator, first: FirstPose | None
    ) -> list[Judged]:
        """The model's poses as they come; where there is no model, the first candidates."""
        sources = [self._model] if self._model is not None else self._sources
        found = gathered(sources, plans[0], count, rng) or gathered(self._sources, plans[0], count, rng)
        drafts = self._mender.drafts([(plans[0], candidate) for candidate in found[:count]])
        if first is not None and drafts:
            first(drafts[0].pose)
        return self._judge.judge(drafts)

    def _verified(
        self, plans: Sequence[Plan], count: int, rng: np.random.Generator, first: FirstPose | None
    ) -> list[Judged]:
        drafts = self._mender.drafts(self._pairs(plans, count, rng))
        if first is not None and drafts:
            first(drafts[0].pose)
        judged = self._judge.judge(drafts)
        judged += self._repaired(judged, count)
        return self._judge.best(judged, count)

    def _pairs(self, plans: Sequence[Plan], count: int, rng: np.random.Generator) -> list[tuple[Plan, Candidate]]:
        several = PER_PLAN if count == 1 else PER_PLAN + 2 * count
        found = [(plan, one) for plan in plans for one in gathered(self._sources, plan, several, rng)]
        if self._model is not None:
            more = BESIDE_ENTRY * (plans[0].entry is not None)
            drawn = self._model.candidates(plans[0], max(DRAWN, several - PER_PLAN), rng)
            found += [(plans[0], replace(one, bias=one.bias + more)) for one in drawn]
        return found

    def _repaired(self, judged: Sequence[Judged], count: int) -> list[Judged]:
        """What the solver makes of those that don't hold what is said, or only by a hair."""
        open_ones = _worth_mending(judged, count)
        found = self._judge.judge(self._mender.within_parts([one.draft for one in open_ones]))
        for step, count in self._steps:
            if not open_ones or any(one.holds and _is_own(one) for one in (*judged, *found)):
                break
            again = sorted(open_ones, key=lambda one: one.cost)[:count]
            found += self._judge.judge(step([one.draft for one in again]))
        rough = [one for one in (*judged, *found) if one.holds and _may_settle(one) and one.plausibility.flaw > ROUGH]
        if rough:
            rough = sorted(rough, key=lambda one: one.cost - one.plausibility.cost)[:SETTLED]
            found += self._judge.judge(self._mender.settled([one.draft for one in rough]))
        best = min((*judged, *found), key=lambda one: one.cost)
        if best.holds and best.draft.mended and best.draft.plan.entry is not None:
            found += self._judge.judge(self._mender.winning_back(best.draft, best.given_up))
        return found

    @property
    def _steps(self) -> tuple[tuple[Callable[[Sequence[Draft]], list[Draft]], int], ...]:
        """What is tried next where nothing holds all that is said, and on how many drafts."""
        return (self._mender.with_neighbours, 3), (self._mender.anyhow, 1), (self._anyhow_but_said, 1)

    def _anyhow_but_said(self, drafts: Sequence[Draft]) -> list[Draft]:
        return self._mender.anyhow(drafts, kept=False)

    def _told(self, best: Sequence[Judged], seed: int, verify: bool) -> list[VerifiedPose]:
        if not best:
            return []
        poses = stack_poses([one.draft.pose for one in best])
        described = self._describer.describe_all(poses, seed=seed)
        return [
            VerifiedPose(
                pose=one.draft.pose,
                description=words,
                checks=one.checks,
                score=one.score,
                source=one.draft.candidate.source,
                entry=one.draft.candidate.entry,
                plan=one.draft.plan,
                plausibility=one.plausibility,
                mended=one.draft.mended,
                verified=verify,
                notes=tuple(_pose_notes(one)),
            )
            for one, words in zip(best, described, strict=True)
        ]


class _LateLibrary:
    """The libraries, opened when they are first needed: the first time ever, that takes some seconds."""

    name = "library"

    def __init__(self, embedder: Embedder, describer: Describer) -> None:
        self._embedder, self._describer = embedder, describer

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """See `LibrarySource`."""
        return self._source.candidates(plan, count, rng) if self._source is not None else []

    @cached_property
    def _source(self) -> LibrarySource | None:
        search = _or_none(lambda: open_search(embedder=self._embedder, describer=self._describer))
        return LibrarySource(search) if search is not None else None


def _worth_mending(judged: Sequence[Judged], count: int) -> list[Judged]:
    """Those that don't hold what is meant, or only by a hair, as far as they may become the answer."""
    open_ones = [
        one for one in judged if one.said and (not one.holds or Held.of(one.said).tight or one.wanting > WANTING)
    ]
    drawn = [one for one in open_ones if one.draft.candidate.source == "model"]
    others = [one for one in open_ones if one.draft.candidate.source != "model"]
    firsts = sorted(drawn, key=lambda one: one.cost)[: max(1, count)]
    return [*sorted(others, key=lambda one: one.cost)[: MENDED + 2 * (count - 1)], *firsts]


def _may_settle(judged: Judged) -> bool:
    """Whether limbs that the words don't speak of may move a little: not those of a named pose."""
    plan = judged.draft.plan
    return bool(plan.said) and (plan.entry is None or "whole" in plan.changed)


def _is_own(judged: Judged) -> bool:
    """Whether it was made from what the plan names, where it names something."""
    return judged.draft.plan.entry is None or judged.draft.candidate.source != "model"


def _tried(plans: Sequence[Plan]) -> list[Plan]:
    """The likeliest, and always the plainest way to understand words that say several things of limbs."""
    kept = [plan for plan in plans[:PLANS] if plan.weight <= plans[0].weight + FAR_FETCHED]
    plain = next((plan for plan in plans if plan.entry is None and len(plan.said) >= SAYS_MUCH), None)
    return kept if plain is None or plain in kept or kept[0].named else [*kept[: PLANS - 1], plain]


def _nothing(text: str) -> str:
    if foreign_script(text):
        return "only English is understood; nothing in this request was"
    return (
        "nothing in this request was understood as a pose (English is read): name one, or say what arms and legs do, "
        'as in "sitting cross-legged, hands on the knees"'
    )


def _pose_notes(judged: Judged) -> list[str]:
    failed = [str(one.statement) for one in judged.said if not one.holds]
    notes = [f"doesn't hold: {', '.join(failed)}"] if failed else []
    return [*notes, *judged.plausibility.notes]


def _or_none(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (MissingFileError, MissingExtraError):
        return None


def _shipped_model(finder: NearEntries) -> CandidateSource | None:
    """chatpose-nano, where it comes with this chatpose."""
    try:
        from chatpose.language.nano.source import NanoSource
    except ImportError:
        return None
    return _or_none(lambda: NanoSource.open(finder=finder))
