"""Puts a training run of the lifter together: poses, measured people, noise, and what it is judged on."""

from pathlib import Path

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.variations import Varier
from chatpose.perception.lifter import Lifter
from chatpose.train.landmark_noise import BankNoise, DrawnNoise, LandmarkErrors, LandmarkNoise
from chatpose.train.lifter_figures import LifterFigures, lifter_figures
from chatpose.train.lifter_samples import LifterSamples, MeasuredPeople, PosePools, virtual_people
from chatpose.train.measured_people import read_measured
from chatpose.train.perception import LifterTrainer, LifterTraining
from chatpose.train.perception_poses import atlas_part
from chatpose.train.tokenizer_data import packed_rotations, training_poses

VALIDATION_SEED = 5


class LifterRun:
    """A run of some settings on some data.

    Args:
        settings: of the run.
        data: folder of the packed collections.
        bank: folder of `chatpose.train.landmark_bank`; errors are drawn from Gaussians when absent.
        atlas: folder of a compiled atlas; the shipped one when absent.
        device: where to compute.
        start: folder of a lifter to begin with.

    Attributes:
        trainer: new.
        counts: poses by kind.
        pairs: measured people that are trained on.
        began_with: name of the lifter that the run began with; empty for random weights.
    """

    def __init__(
        self,
        settings: LifterTraining,
        data: Path,
        bank: Path | None = None,
        atlas: Path | None = None,
        device: torch.device | str = "cpu",
        start: Path | None = None,
    ) -> None:
        mixture = settings.mixture
        # A tenth of the atlas' training entries is kept for validation, as in the bank.
        entries = atlas_part(Atlas.load(atlas), "train") if mixture.atlas else None
        drawn = torch.Generator().manual_seed(settings.seed)
        varied = Varier(entries).draw(mixture.atlas, drawn).poses if entries is not None else None
        poses = training_poses(data, mixture, settings.seed, varied)
        measured = read_measured(bank, "train") if bank is not None else None
        self.counts, self.pairs = poses.counts, 0 if measured is None else len(measured)
        samples = LifterSamples(
            PosePools(poses, settings.shares),
            noise_of(measured, device),
            pairs=None if measured is None else measured.to(device),
            pair_share=settings.pair_share,
            guessed_share=settings.guessed_share,
            noise_deg=settings.noise_deg,
            device=device,
        )
        self.offsets: Tensor = samples.offsets.cpu()
        self.began_with = "" if start is None else start.name
        begun = Lifter.from_pretrained(start) if start is not None else None
        self.trainer = LifterTrainer(settings, samples, f"{self.counts} {self.pairs}", device, begun)
        self.sets: dict[str, MeasuredPeople] = {}
        real = packed_rotations(data, "validation")
        kept = read_measured(bank, "validation") if bank is not None else None
        noise = noise_of(kept, "cpu")
        if len(real):
            generator = torch.Generator().manual_seed(VALIDATION_SEED)
            self.sets["virtual views"] = virtual_people(real, noise, generator)
        if kept is not None and len(kept):
            self.sets |= {"renders, occluded": kept[~kept.clean], "renders, clean": kept[kept.clean]}

    def __str__(self) -> str:
        return f"{sum(self.counts.values())} poses {self.counts}, {self.pairs} measured people"

    def figures(self, model: Lifter) -> dict[str, LifterFigures]:
        """Measured on the validation people."""
        return {name: lifter_figures(model, people, self.offsets) for name, people in self.sets.items() if len(people)}

    def said(self, model: Lifter) -> str:
        """`figures` in words."""
        return "".join(f"\n  {name}: {one}" for name, one in self.figures(model).items())


def noise_of(people: MeasuredPeople | None, device: torch.device | str) -> LandmarkNoise:
    """The errors of measured people; Gaussians when there are none."""
    if people is None or not len(people):
        return DrawnNoise()
    people = people.to(device)
    return BankNoise(people.true, LandmarkErrors.measured(people.seen, people.true))
