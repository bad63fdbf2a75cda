"""`NanoSource`: poses that chatpose-nano makes of a request, as candidates of verified generation.

The model reads the words, and the entries of the atlas that are nearest to them with their names and pose tokens. It
plans by itself, and poses; then it poses for the plan that was read by rule, too, where there is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.ground import put_on_floor
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Conversation, Message, PosePart, TextPart
from chatpose.corpus.samples.claims import claim_line, claims_of
from chatpose.errors import MissingExtraError, MissingFileError
from chatpose.language.nano.modeling import Read
from chatpose.language.nano.rows import Places, table_of
from chatpose.language.nano.sampling import MAX_STATEMENTS, Draw, write_plans, write_poses
from chatpose.language.pose_lm import PoseLM
from chatpose.language.verified.candidates import Candidate
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.request_near import EntryFinder, NearEntries
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.grammar import Statement, parse
from chatpose.resources import asset
from chatpose.retrieval.embedder import Embedder

GREEDY = Draw(temperature=0.0)
CONTEXTS = 2
MIN_SHARE = 0.1
"""Of the finder's belief, from which an entry is shown. Of requests for development (data/dev/prompts_dev.jsonl) 59 %
of the statements held so, 53 % with entries always shown, 48 % without any; half-way through a training."""
MAX_REQUEST_CHARS = 1_000
"""Of a request that the model reads; the rest of a longer one is left out."""
BIAS = 0.2
"""What it costs to be of the model."""
PLANNED_BIAS = 0.1
"""What it costs besides to hold a plan that the model didn't write."""


@dataclass(frozen=True, eq=False)
class NanoPose:
    """What the model says to a request.

    Attributes:
        plan: statements, as it wrote them or was given them.
        pose: that it made of them.
        own: whether the plan is its own.
    """

    plan: tuple[Statement, ...]
    pose: Pose
    own: bool


class NanoSource:
    """The model as a source of candidates. `open` makes one.

    Args:
        lm: chatpose-nano with its adapter.
        atlas: whose entries come into the context.
        finder: which of them are near.
        body: on whose floor poses are put.
        how: tokens are drawn.
    """

    name = "model"

    def __init__(
        self,
        lm: PoseLM,
        atlas: Atlas,
        finder: EntryFinder | None = None,
        body: BodyModel | None = None,
        how: Draw | None = None,
    ) -> None:
        self.lm, self.atlas = lm, atlas
        self._finder = finder or NearEntries(atlas)
        self._body = body or BodyModel.open()
        self._how = how or Draw()

    @classmethod
    def open(
        cls, folder: Path | None = None, *, finder: EntryFinder | None = None, device: str = "cpu"
    ) -> "NanoSource":
        """The model that ships with chatpose, or another.

        Args:
            folder: with `base` and `adapter`; the shipped one when absent.
            finder: of entries near to words; the shipped embedder's when absent.
            device: of the model; on a processor it is quick enough.

        Raises:
            MissingFileError: no such model.
            MissingExtraError: a package isn't installed.
            UnreadableFileError: a damaged file.
        """
        folder = folder or asset("data", "models", "nano")
        lm, atlas = PoseLM.from_pretrained(folder / "base", folder / "adapter", device=device), Atlas.load()
        if finder is None:
            try:
                embedder = Embedder.from_pretrained()
            except (MissingFileError, MissingExtraError):
                finder = NearEntries(atlas)
            else:
                finder = NearEntries(atlas, lambda: embedder)
        return cls(lm, atlas, finder)

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """Poses for a plan's words, the first of the model's own plan; see `CandidateSource`."""
        near = {plan.entry: plan.mirrored} if plan.entry is not None else {}
        seed = int(rng.integers(2**31))
        return [
            Candidate(one.pose, self.name, bias=BIAS + (0.0 if one.own else PLANNED_BIAS))
            for one in self.poses(plan.text, count, seed=seed, statements=plan.statements, entries=near)
        ]

    @torch.no_grad()
    def poses(
        self,
        text: str,
        count: int,
        *,
        seed: int = 0,
        statements: Sequence[Statement] = (),
        entries: Mapping[str, bool] | None = None,
    ) -> list[NanoPose]:
        """Poses for words: of each plan the likeliest, then others.

        Args:
            text: the request.
            count: how many.
            seed: of what is drawn.
            statements: that are wanted besides; every second pose is made for them.
            entries: ids of what the words name, and whether the mirror image is meant; others near to the words come
                after them.
        """
        if count < 1 or not text.strip():
            return []
        inner = self.lm.model.get_base_model()
        how = Draw(self._how.temperature, self._how.top_p, seed)
        with self.lm.at_work():
            table = table_of(inner)
            read = self._read(text, entries or {})
            own = write_plans(inner.model, table, read, GREEDY)[0]
            plans = [own]
            given = self._given(claims_of(statements), own)
            if given and given != own and count > 1:
                plans.append(given)
            each = -(-count // len(plans))
            several = read.repeated(len(plans))
            codes = write_poses(inner.model, table, self._places, several, plans, GREEDY)[:, None]
            if each > 1:
                others = write_poses(inner.model, table, self._places, several, plans, how, count=each - 1)
                codes = torch.cat([codes, others.unflatten(0, (len(plans), -1))], 1)
        made = self._decoded(codes.flatten(0, 1))
        order = [plan * each + at for at in range(each) for plan in range(len(plans))][:count]
        told = [tuple(parse(claim_line(claim)) for claim in plan) for plan in plans]
        return [NanoPose(told[at // each], made[at], at < each) for at in order]

    def _read(self, text: str, entries: Mapping[str, bool]) -> Read:
        """The request as the model sees it: names and poses of entries, then the words."""
        parts: list[TextPart | PosePart] = []
        for entry, mirrored in self._near(text, entries).items():
            pose = self.atlas.pose(entry).to(torch.float32)
            parts += [TextPart(self.atlas.find(entry).name), PosePart(pose.mirror() if mirrored else pose)]
        words = TextPart(" ".join(text.split())[:MAX_REQUEST_CHARS])
        shown = self.lm.renderer.render(Conversation((Message("user", (*parts, words)),)), generate=True)
        inner = self.lm.model.get_base_model()
        return inner.read(inner.prompts([shown.input_ids[:-1].tolist()]))

    def _near(self, text: str, entries: Mapping[str, bool]) -> dict[str, bool]:
        """Entries of the context, and whether their mirror image is shown; none that are hardly near at all."""
        near = [one for one in self._finder.near(text, CONTEXTS) if one.share > MIN_SHARE]
        chosen = dict(entries)
        for one in near:
            chosen.setdefault(one.entry, one.mirrored)
        return dict(list(chosen.items())[:CONTEXTS])

    @staticmethod
    def _given(claims: Sequence[int], own: Sequence[int]) -> tuple[int, ...]:
        """A plan that is given, the posture first: its own, or the one that the model would begin with."""
        if not claims:
            return ()
        codes = all_posecodes()
        body = [claim for claim in claims if claim >= 0 and codes[claim].subject == "body"]
        first = body[:1] or [claim for claim in own[:1] if claim >= 0 and codes[claim].subject == "body"]
        return tuple(dict.fromkeys([*first, *claims]))[:MAX_STATEMENTS]

    def _decoded(self, codes: torch.Tensor) -> list[Pose]:
        tokenizer = self.lm.pose_tokenizer
        by_part = {part: codes[:, 2 * place : 2 * place + 2].cpu() for place, part in enumerate(PARTS)}
        bins = tokenizer.config.heading_bins
        straight = torch.zeros(len(codes), dtype=torch.long)
        poses = tokenizer.decode(PoseTokens(straight, by_part, bins, tokenizer.codebook_fingerprint))
        floored = put_on_floor(poses, self._body)
        return [floored[at] for at in range(len(codes))]

    @cached_property
    def _places(self) -> Places:
        return Places.of(self.lm.vocabulary)
