"""Measures poses for conversations: what holds clearly, numbers that are told, texts; and makes poses what tokens say.

A model sees tokens. Where a bank is built for a level of the pose tokenizer, every pose is first turned into what its
tokens decode to, so that what is said is true of what the model reads and writes, not of what they come from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.corpus.families import family_indices
from chatpose.corpus.instructions.bank_writing import TextRow
from chatpose.corpus.instructions.parts import PARTS
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.posecodes.captioning import Caption, StyleName, caption
from chatpose.posecodes.choice import mix
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.grammar import Statement, measures_by_name, parse
from chatpose.posecodes.phrasebook import shipped_phrasebook
from chatpose.posecodes.spoken import spoken_caption

HOLDS_BY = {"°": 1.0, "m": 0.005, "%": 1.0}
"""Least margin by which something holds clearly."""
FAILS_BY = {"°": 6.0, "m": 0.03, "%": 4.0}
"""Least margin by which something fails clearly: denials are said only where nobody would doubt them."""
SKIN_HOLDS_M = 0.012
_CHUNK = 1024

_SIDES = ("left", "right")
_SINGLE = (
    "torso pitch", "torso lean left", "torso tilt", "shoulder twist left", "back curve", "head turn left", "head nod",
    "head tilt left", "gaze elevation", "hip height", "chest facing", "pelvis height", "head height", "legs angle",
)  # fmt: skip
_SIDED = (
    "{s} knee angle", "{s} elbow angle", "{s} hip angle", "{s} armpit angle", "{s} thigh tilt", "{s} shin tilt",
    "{s} upper arm tilt", "{s} forearm tilt", "{s} foot height", "{s} knee height", "{s} hand height",
    "{s} elbow height", "{s} arm tilt", "{s} hand to head distance", "{s} hand above head", "{s} foot point",
    "{s} shoulder above {o} shoulder", "{s} elbow above {o} elbow", "{s} hand above {o} hand",
    "{s} knee above {o} knee", "{s} foot above {o} foot", "{s} shoulder in front of {o} shoulder",
    "{s} elbow in front of {o} elbow", "{s} hand in front of {o} hand", "{s} knee in front of {o} knee",
    "{s} foot in front of {o} foot",
)  # fmt: skip
_PAIRED = tuple(f"left {part} to right {part} distance" for part in ("elbow", "hand", "knee", "foot"))


def told_measures() -> tuple[str, ...]:
    """Names of the measures that conversations tell, by themselves or in the phrasebook's sentences with numbers."""
    names = [*_SINGLE, *_PAIRED]
    for side, other in (_SIDES, _SIDES[::-1]):
        names += [pattern.format(s=side, o=other) for pattern in _SIDED]
    for saying in shipped_phrasebook().numbers:
        names += [saying.measure, saying.mirrored().measure]
    known = measures_by_name()
    return tuple(name for name in dict.fromkeys(names) if name in known)


@dataclass(frozen=True, eq=False)
class Measured:
    """What N poses are.

    Attributes:
        rotations: (N, 24, 3, 3).
        tokens: (N, T) heading and codes of the parts; T is 0 without tokens.
        state: (N, C) as in a bank.
        values: (N, M) as in a bank.
        family: (N,).
    """

    rotations: Tensor
    tokens: Tensor
    state: Tensor
    values: Tensor
    family: Tensor

    def __len__(self) -> int:
        return len(self.family)

    def __getitem__(self, rows: Tensor) -> "Measured":
        return Measured(self.rotations[rows], self.tokens[rows], self.state[rows], self.values[rows], self.family[rows])

    @property
    def poses(self) -> Pose:
        """The poses."""
        return Pose.from_rotations(self.rotations)


def join_measured(several: Sequence[Measured]) -> Measured:
    """Several as one."""
    names = ("rotations", "tokens", "state", "values", "family")
    return Measured(*(torch.cat([getattr(one, name) for one in several]) for name in names))


class Measurer:
    """Measures poses and makes them what their tokens say.

    Args:
        level: of the pose tokenizer; poses stay as they are where it is empty.
        describer: of the body; the open one when absent.
        tokenizer: the shipped one when absent.
    """

    def __init__(
        self, level: str = "", describer: Describer | None = None, tokenizer: PoseTokenizer | None = None
    ) -> None:
        self.describer = describer or Describer()
        self.level = level
        self.tokenizer = (tokenizer or PoseTokenizer.load()) if level else None
        self.measures = told_measures()

    @property
    def fingerprint(self) -> str:
        """Of the codebooks; empty without tokens."""
        return self.tokenizer.codebook_fingerprint if self.tokenizer else ""

    @cached_property
    def stages(self) -> dict[str, int]:
        """Tokens by part."""
        return self.tokenizer.config.level(self.level).by_part() if self.tokenizer else {}

    # --- tokens ------------------------------------------------------------------------------------------------------

    def tokens_of(self, rotations: Tensor) -> Tensor:
        """(N, T) heading, which is that of +z, and codes; nothing without a level."""
        if self.tokenizer is None:
            return torch.zeros(len(rotations), 0, dtype=torch.long)
        if not len(rotations):
            return torch.zeros(0, 1 + sum(self.stages.values()), dtype=torch.long)
        found = self.tokenizer.encode(Pose.from_rotations(rotations), self.level, residual=False)
        # The heading that fits the decoded pelvis best may be the bin beside.
        return torch.cat([torch.zeros_like(found.heading[:, None]), *(found.codes[part] for part in PARTS)], dim=1)

    def rotations_of(self, tokens: Tensor) -> Tensor:
        """(N, 24, 3, 3) of tokens."""
        if self.tokenizer is None:
            raise ValueError("no tokenizer")
        return self.tokenizer.decode(self._made(tokens)).local_rotations.float()

    def _made(self, tokens: Tensor) -> PoseTokens:
        if self.tokenizer is None:
            raise ValueError("no tokenizer")
        codes = dict(zip(PARTS, tokens[:, 1:].split([self.stages[part] for part in PARTS], dim=1), strict=True))
        return PoseTokens(tokens[:, 0], codes, self.tokenizer.config.heading_bins, self.fingerprint)

    def mirrored_tokens(self, tokens: Tensor) -> Tensor:
        """Tokens of the mirror images."""
        mirrored = self._made(tokens).mirror()
        return torch.cat([mirrored.heading[:, None], *(mirrored.codes[part] for part in PARTS)], dim=1)

    def columns(self, parts: Sequence[str]) -> list[int]:
        """Columns of the tokens of some parts."""
        found, start = [], 1
        for part in PARTS:
            found += list(range(start, start + self.stages[part])) if part in parts else []
            start += self.stages[part]
        return found

    # --- measures ----------------------------------------------------------------------------------------------------

    def measured(self, rotations: Tensor, tokens: Tensor | None = None) -> Measured:
        """Measures poses.

        Args:
            rotations: (N, 24, 3, 3), facing +z.
            tokens: of these very rotations; when absent they are found, and the poses become what they say.
        """
        if tokens is None:
            tokens = self.tokens_of(rotations)
            if self.tokenizer is not None:
                rotations = self.rotations_of(tokens)
        poses = Pose.from_rotations(rotations)
        state, values = [], []
        for found in self.extractions(poses):
            state.append(clear_state(found))
            column = {measure.name: number for number, measure in enumerate(found.measures)}
            values.append(found.values[:, [column[name] for name in self.measures]])
        family = family_indices(poses, self.describer.body)
        return Measured(rotations, tokens, torch.cat(state), torch.cat(values), family)

    def extractions(self, poses: Pose) -> Iterator[Extraction]:
        """Posecodes of poses, some hundred at a time."""
        for start in range(0, max(len(poses), 1), _CHUNK):
            yield self.describer.extract(poses[start : start + _CHUNK])

    def all_hold(self, poses: Pose, lines: Sequence[Sequence[str]]) -> Tensor:
        """(N,) whether all of its own statements hold of each pose, by a hair at least."""
        claims = [[parse(line) for line in several] for several in lines]
        codes = tuple(dict.fromkeys(claim.code for several in claims for claim in several))
        column = {code: number for number, code in enumerate(codes)}
        wanted = torch.zeros(len(claims), len(codes))
        for row, several in enumerate(claims):
            for claim in several:
                wanted[row, column[claim.code]] = -1 if claim.negated else 1
        if not codes:
            return torch.ones(len(claims), dtype=torch.bool)
        good = []
        for start in range(0, len(poses), _CHUNK):
            points, gaps = self.describer.measure(poses[start : start + _CHUNK])
            margins, signs = extract(points, codes, gaps).margins, wanted[start : start + _CHUNK]
            good.append(((margins * signs >= 0.001) | (signs == 0)).all(1))
        return torch.cat(good)

    # --- words -------------------------------------------------------------------------------------------------------

    def texts(self, poses: Pose, *, seed: int, much: bool) -> list[list[TextRow]]:
        """Descriptions of poses.

        Args:
            poses: (N,).
            seed: of wordings.
            much: all styles, several of some; else a short, a plain and a spoken one.
        """
        told: list[list[TextRow]] = []
        for found in self.extractions(poses):
            several = [list[TextRow]() for _ in range(len(found))]
            for number, (style, length, mask) in enumerate(_RICH if much else _POOR):
                seeds = [mix(seed ^ (len(told) + row) * 64 + number) >> 33 for row in range(len(found))]
                captions = _written(found, style, length, seeds, mask)
                for texts, one in zip(several, captions, strict=True):
                    if one.clauses and all(one.text != text.text for text in texts):
                        texts.append(TextRow(style, one.text, _numbers(one)))
            told += several
        return told


def clear_state(found: Extraction) -> Tensor:
    """(N, C) int8: 1 where a code holds clearly, −1 where it fails clearly, 0 between and where it can't be told."""
    holds, fails = (
        found.values.new_tensor([by[measure.unit] for measure in found.measures]) for by in (HOLDS_BY, FAILS_BY)
    )
    for number, measure in enumerate(found.measures):
        if measure.kind in ("gap", "height"):
            holds[number] = SKIN_HOLDS_M
    deciding = found.deciding
    good, bad = found.margins >= holds[deciding], found.margins <= -fails[deciding]
    return good.to(torch.int8) - bad.to(torch.int8)


@cache
def _region_mask(region: str) -> Tensor:
    """(C,) bool: codes about one region of the body."""
    wanted = {
        "head": ("head", "gaze"),
        "trunk": ("torso", "back", "chest"),
        **{f"{side} arm": tuple(f"{side} {part}" for part in _ARM) for side in _SIDES},
        **{f"{side} leg": tuple(f"{side} {part}" for part in _LEG) for side in _SIDES},
    }[region]
    return torch.tensor([code.subject in wanted for code in all_posecodes()])


_ARM = ("arm", "upper arm", "elbow", "forearm", "hand", "wrist", "palm")
_LEG = ("hip", "thigh", "knee", "shin", "foot")
_REGIONS = ("head", "trunk", "left arm", "right arm", "left leg", "right leg")
_PLAIN: tuple[tuple[str, StyleName, str], ...] = (
    ("short", "short", ""), ("plain", "plain", ""), ("spoken", "short", ""),
)  # fmt: skip
_POOR = _PLAIN
_RICH: tuple[tuple[str, StyleName, str], ...] = (
    *_PLAIN, ("short", "short", ""), ("plain", "plain", ""), ("spoken", "plain", ""), ("full", "full", ""),
    *((region, "plain", region) for region in _REGIONS),
)  # fmt: skip


def _written(found: Extraction, style: str, length: StyleName, seeds: list[int], region: str) -> list[Caption]:
    if style == "spoken":
        return spoken_caption(found, length, seeds)
    return caption(found, length, seeds, _region_mask(region) if region else None)


def _numbers(told: Caption) -> tuple[int, ...]:
    places = _places()
    return tuple(dict.fromkeys(places[code.name] for code in told.statements))


@cache
def _places() -> dict[str, int]:
    return {code.name: number for number, code in enumerate(all_posecodes())}


def mirrored_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """The same statements about the mirror image."""
    return tuple(str(parse(line).mirrored()) for line in lines)


def joined(poses: Sequence[Pose]) -> Tensor:
    """(N, 24, 3, 3) of batches of poses, each facing +z."""
    return concatenate_poses(
        [Pose.from_rotations(p.local_rotations.float()).without_heading() for p in poses]
    ).local_rotations


def statement_lines(statements: Sequence[Statement]) -> tuple[str, ...]:
    """Statements as the grammar prints them."""
    return tuple(map(str, statements))
