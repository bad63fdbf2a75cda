"""`StatementTrust`: how likely a statement that holds of an estimated pose holds of the person.

That a joint lies within ten centimetres isn't enough to say that an elbow is at a right angle: it depends on by how
much the statement holds, on whether the other hypotheses agree, and on how sure the joints are that it rests on. A
logistic regression over these, with a constant and a slope of the margin for each kind of statement, is fitted on
estimates of rendered people whose truth is known. Mirror images are alike: sides don't count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import torch
from torch import Tensor

from chatpose.perception.person import PhotoPerson
from chatpose.perception.regressions import logistic, standardised
from chatpose.perception.sayable import joint_needs
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import METRES_PER_DEGREE, Extraction
from chatpose.pretrained import Pretrained, PretrainedConfig, TensorSpec
from chatpose.resources import asset

FEATURE_NAMES: tuple[str, ...] = (
    "log margin",
    "agreement",
    "mean confidence",
    "least confidence",
    "margin by sureness",
)
"""What is known of a statement, see `statement_features`."""

LEAST_CHANCE = 0.85
"""On people left out of the fit, of statements that are at least this likely 94.6 % hold."""
_MARGIN_DEG = 3.0
_MOST_ODDS = 4.0


@lru_cache(maxsize=1)
def statement_families() -> tuple[str, ...]:
    """Kinds of posecodes, in alphabetical order."""
    return tuple(sorted({code.family for code in all_posecodes()}))


@dataclass(frozen=True)
class StatementTrustConfig(PretrainedConfig):
    """Settings.

    Attributes:
        features: names, in order.
        families: kinds of statements, in order.
        least_chance: what is less likely isn't said.
    """

    KIND: ClassVar[str] = "statement_trust"
    features: tuple[str, ...]
    families: tuple[str, ...]
    least_chance: float = LEAST_CHANCE

    def __post_init__(self) -> None:
        if self.features != FEATURE_NAMES or self.families != statement_families():
            raise ValueError("made for other features or posecodes than this version of chatpose has")
        if not 0 <= self.least_chance <= 1:
            raise ValueError("least_chance must be 0 to 1")

    @property
    def columns(self) -> int:
        """Features, and for each family a constant and a slope of the margin."""
        return len(self.features) + 2 * len(self.families)


class StatementTrust(Pretrained[StatementTrustConfig]):
    """The regression. Immutable."""

    config_type = StatementTrustConfig
    max_tensor_bytes = 2**16

    def __init__(self, config: StatementTrustConfig, tensors: Mapping[str, Tensor]) -> None:
        """From tensors as `tensor_specs` has them; `fit_statement_trust` makes them."""
        self.config = config
        self._tensors = dict(tensors)

    @classmethod
    def load(cls) -> Self:
        """The one that ships with chatpose."""
        return cls.from_pretrained(asset("data", "models", cls.config_type.KIND))

    @classmethod
    def tensor_specs(cls, config: StatementTrustConfig) -> dict[str, TensorSpec]:
        """Centre and scale of the columns; coefficients with the constant last."""
        count = config.columns
        return {"centre": TensorSpec((count,)), "scale": TensorSpec((count,)), "chance": TensorSpec((count + 1,))}

    @classmethod
    def from_tensors(cls, config: StatementTrustConfig, tensors: Mapping[str, Tensor]) -> Self:
        """From checked tensors."""
        return cls(config, tensors)

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors as they are stored."""
        return self._tensors

    def chance(self, features: Tensor, codes: Tensor | None = None) -> Tensor:
        """How likely posecodes that hold of an estimate hold of the person.

        Args:
            features: (M, F) of `statement_features`.
            codes: (M,) which posecodes; all of them in order when absent.

        Returns:
            (M,).
        """
        families = code_families()
        rows = _columns(features, families if codes is None else families[codes])
        centre, scale = self._tensors["centre"], self._tensors["scale"]
        return torch.sigmoid(standardised(rows, centre, scale) @ self._tensors["chance"])

    def sure(self, person: PhotoPerson, describer: Describer, hypothesis: int = 0) -> Tensor:
        """(C,) which posecodes are likely enough to be said of a person, where they hold of the hypothesis."""
        found = describer.extract(person.poses)
        return self.chance(statement_features(found, person, hypothesis)) >= self.config.least_chance


def code_families() -> Tensor:
    """(C,) place of each posecode's family in `statement_families`."""
    families = statement_families()
    return torch.tensor([families.index(code.family) for code in all_posecodes()])


def statement_features(found: Extraction, person: PhotoPerson, hypothesis: int = 0) -> Tensor:
    """What is known of the statements about a person.

    Args:
        found: all posecodes of the person's K hypotheses.
        person: with weights and confidences of the hypotheses.
        hypothesis: that is spoken of.

    Returns:
        (C, F) in the order of `FEATURE_NAMES`; of no meaning for posecodes that don't hold of the hypothesis.
    """
    metres = torch.tensor([measure.unit == "m" for measure in found.measures])
    scale = torch.where(metres[found.deciding[hypothesis]], METRES_PER_DEGREE, 1.0)
    margin_deg = (found.margins[hypothesis] / scale).nan_to_num(0.0).clamp_min(0.0)
    weights = person.weights.to(margin_deg)
    agreement = (weights[:, None] * found.holds).sum(0) / weights.sum()
    odds = torch.logit(person.confidence[hypothesis].to(margin_deg), eps=1e-3).clamp(-_MOST_ODDS, _MOST_ODDS)
    needs = joint_needs(found.codes)
    mean = (needs * odds).sum(-1) / needs.sum(-1).clamp_min(1)
    least = torch.where(needs, odds, torch.inf).amin(-1)
    least = torch.where(needs.any(-1), least, odds.min())
    log_margin = torch.log1p(margin_deg / _MARGIN_DEG)
    return torch.stack([log_margin, agreement, mean, least, log_margin * mean], dim=-1)


def fit_statement_trust(
    features: Tensor, rows: Tensor, holds: Tensor, *, least_chance: float = LEAST_CHANCE, ridge: float = 3.0
) -> StatementTrust:
    """Fits the regression.

    Args:
        features: (M, F) of statements that hold of estimates.
        rows: (M,) which posecode each is.
        holds: (M,) bool, whether it holds of the truth.
        least_chance: see `StatementTrustConfig`.
        ridge: how strongly coefficients are kept small, in observations.
    """
    columns = _columns(features.double(), code_families()[rows])
    centre, scale = columns.mean(0), columns.std(0).clamp_min(1e-3)
    chance = logistic(standardised(columns, centre, scale), holds.double(), ridge)
    config = StatementTrustConfig(FEATURE_NAMES, statement_families(), least_chance)
    return StatementTrust(config, {"centre": centre.float(), "scale": scale.float(), "chance": chance.float()})


def _columns(features: Tensor, family: Tensor) -> Tensor:
    """(M, F + 2 families): the features, and the family's constant and margin."""
    kind = torch.nn.functional.one_hot(family, len(statement_families())).to(features)
    return torch.cat([features, kind, kind * features[..., :1]], dim=-1)
