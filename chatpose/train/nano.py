"""Training of chatpose-nano: the base learns to read and to plan, the adapter to write poses.

    chatpose train nano --samples FOLDER --out FOLDER --minutes 90

base     all weights: words (and entries nearby) to a plan that begins with a posture; pose tokens to what holds
adapter  LoRA and the rows of pose tokens, as for any base (`chatpose.language.adapter`): words to plan and pose; in
         the last part with the policy gradient: one part's first code is drawn by the model, put into the true pose,
         and the share of the text's statements that then hold is its reward
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from chatpose.corpus.samples.samples import Samples
from chatpose.errors import UnreadableFileError
from chatpose.language.config import PoseLMConfig
from chatpose.language.nano.base_files import save_base
from chatpose.language.nano.registration import register
from chatpose.language.nano.rows import Places
from chatpose.language.nano.tokenizer import build_tokenizer
from chatpose.language.pose_lm import PoseLM
from chatpose.language.rows import level_vocabulary
from chatpose.pose_tokenizer.embeddings import initial_embeddings
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.safefiles import made_folder
from chatpose.train.nano_data import Batch, NanoData
from chatpose.train.nano_figures import figures, told
from chatpose.train.nano_formats import format_loss
from chatpose.train.nano_phase import Group, Phase
from chatpose.train.nano_reward import Measure, one_part_rewards
from chatpose.train.nano_settings import NanoTraining
from chatpose.train.nano_steps import answer, pose_rows, read_batch, whole_weights
from chatpose.train.vqvae_settings import Budget

log = logging.getLogger(__name__)

FORMAT_EVERY, FORMAT_ROWS = 4, 24
_BASE, _ADAPTER = "base", "adapter"


@dataclass(eq=False)
class NanoRun:
    """What a run has at hand.

    Attributes:
        settings: of it.
        samples: to learn from.
        pose_tokenizer: of their codes.
        work: folder for states, checkpoints and the base in the making.
        device: cpu or cuda.
        budget: of both phases together.
    """

    settings: NanoTraining
    samples: Samples
    pose_tokenizer: PoseTokenizer
    work: Path
    device: torch.device
    budget: Budget
    every_s: float = 300.0

    def __post_init__(self) -> None:
        if self.samples.head.fingerprint != self.pose_tokenizer.codebook_fingerprint:
            raise UnreadableFileError("samples of other codebooks", fix="make them anew")
        register()
        made_folder(self.work)
        self.vocabulary = level_vocabulary(self.pose_tokenizer, "coarse")
        self.places = Places.of(self.vocabulary)

    def part(self, share: float) -> Budget:
        """A share of the budget."""
        if self.budget.minutes is not None:
            return Budget(self.budget.minutes * share)
        return Budget(steps=max(round((self.budget.steps or 0) * share), 1))

    def data(self, tokenizer: Any, texts: Any) -> NanoData:
        """Samples with their states."""
        texts.to(self.device)
        data = NanoData(self.samples, self.places, self.settings, self.work / "states", self.device, tokenizer, texts)
        if self.device.type != "cpu":
            data.states.to(self.device)
        log.info("%d rows of %d texts to learn from", len(data.train_rows), data.runs)
        return data

    # --- the base ------------------------------------------------------------------------------------------------

    def base(self) -> tuple[Any, Any]:
        """A base that knows nothing, and its tokenizer."""
        from chatpose.language.nano.config import NanoConfig
        from chatpose.language.nano.modeling import NanoForCausalLM

        one, tokenizer = self.settings, build_tokenizer()
        config = NanoConfig(
            hidden_size=one.hidden_size,
            num_hidden_layers=one.layers,
            reader_layers=one.reader_layers,
            num_attention_heads=one.heads,
            intermediate_size=one.inner,
            headings=self.pose_tokenizer.config.heading_bins,
        )
        torch.manual_seed(one.seed)
        model: Any = NanoForCausalLM(config)
        return model.to(self.device), tokenizer

    def train_base(self, folder: Path) -> None:
        """Trains the base, or goes on, and writes its folder."""
        model, tokenizer = self.base()
        data = self.data(tokenizer, model.text_states)
        geometry = initial_embeddings(
            self.pose_tokenizer, self.vocabulary, self.settings.hidden_size, std=self.settings.row_scale
        ).to(self.device)
        learned = {
            name: one
            for name, one in model.named_parameters()
            if not name.startswith(("model.embed_tokens", "lm_head"))
        }
        phase = self._phase(_BASE, [Group(learned, self.settings.base_rate)])
        if phase.resume(self.work):
            log.info("the base goes on after %.0f s", phase.progress.seconds)
        draws = Draws(data, self.settings)
        shown = np.random.default_rng(self.settings.seed + 1)

        def table() -> Tensor:
            return torch.cat([model.own_rows, geometry])

        def step(number: int, share: float) -> tuple[Tensor, dict[str, float], int]:
            pose = bool(shown.random() < self.settings.pose_share)
            batch = draws.next(pose_shown=pose)
            rows = table()
            read = read_batch(model.model, rows, batch, self.settings.dropout)
            loss = answer(model.model, rows, self.places, batch, read, None).plan
            facts = {"of poses" if pose else "plan": float(loss.detach())}
            if number % FORMAT_EVERY == 0:
                loss = loss + format_loss(model, rows, self.places, batch, read, FORMAT_ROWS, poses=False)
            return loss, facts, len(batch)

        def measured() -> None:
            shares = figures(model.model, table().detach(), self.places, data, None)
            log.info("base at step %d\n%s", phase.progress.step, told(shares))

        model.train()
        phase.run(step, self.part(self.settings.base_share), work=self.work, every_s=self.every_s, measured=measured)
        measured()
        save_base(folder, model.eval(), tokenizer, f"In the making: {phase.progress.seen:,} rows.")

    # --- the adapter ---------------------------------------------------------------------------------------------

    def adapter_lm(self, base: Path) -> PoseLM:
        """The base with a new adapter."""
        rank = self.settings.lora_rank
        config = PoseLMConfig(
            lora_rank=rank,
            lora_alpha=round(self.settings.lora_scale * rank),
            lora_dropout=0.0,
            stage_weights=self.settings.stage_weights,
        )
        torch.manual_seed(self.settings.seed)
        return PoseLM.from_pretrained(base, config=config, device=self.device, pose_tokenizer=self.pose_tokenizer)

    def train_adapter(self, base: Path) -> tuple[PoseLM, dict[str, dict[str, float]]]:
        """Trains the adapter, or goes on; the model and its figures."""
        lm = self.adapter_lm(base)
        inner = lm.model.get_base_model()
        data = self.data(lm.tokenizer, inner.text_states)
        learned = {name: one for name, one in lm.model.named_parameters() if one.requires_grad}
        phase = self._phase(_ADAPTER, adapter_groups(learned, self.settings))
        if phase.resume(self.work):
            log.info("the adapter goes on after %.0f s", phase.progress.seconds)
        step = AdapterStep(self, inner, lm.model, data)

        def measured() -> None:
            log.info("adapter at step %d\n%s", phase.progress.step, told(self.figures(lm, data, step.measure)))

        lm.model.train()
        with whole_weights(lm.model) as step.refresh:
            phase.run(
                step, self.part(1 - self.settings.base_share), work=self.work, every_s=self.every_s, measured=measured
            )
        round_to_half(lm.model)
        lm.model.eval()
        shares = self.figures(lm, data, step.measure, rows=self.settings.held_out)
        log.info("adapter after %d rows\n%s", phase.progress.seen, told(shares))
        return lm, shares

    def figures(self, lm: PoseLM, data: NanoData, measure: Measure, rows: int = 150) -> dict[str, dict[str, float]]:
        """Of a model with its adapter."""
        inner = lm.model.get_base_model()
        with torch.no_grad():
            table = torch.cat([inner.own_rows, pose_rows(lm.model)])
            return figures(inner.model, table, self.places, data, measure, rows=rows)

    def _phase(self, name: str, groups: list[Group]) -> Phase:
        return Phase(name, groups, self.settings.warmup, self.settings.weight_decay, self.settings.clip)


class Draws:
    """Batches without end, of like length, in an order that the seed gives.

    Args:
        data: of the run.
        settings: of the training.
    """

    def __init__(self, data: NanoData, settings: NanoTraining) -> None:
        self.data, self.settings = data, settings
        self.rng = np.random.default_rng(settings.seed)
        self._waiting: list[NDArray[np.int64]] = []
        self._left: NDArray[np.int64] = np.zeros(0, np.int64)

    def next(self, *, pose_shown: bool = False, wordless_share: float = 0.0) -> Batch:
        """The next one; a share of them without words."""
        if not self._waiting:
            size = self.settings.batch * self.settings.pool
            while len(self._left) < min(size, len(self.data.train_rows)):
                self._left = np.concatenate([self._left, self.rng.permutation(self.data.train_rows)])
            pool, self._left = self._left[:size], self._left[size:]
            pool = pool[np.argsort(self.data.lengths(pool), kind="stable")]
            batches = np.array_split(pool, max(round(len(pool) / self.settings.batch), 1))
            self._waiting = [batches[at] for at in self.rng.permutation(len(batches))]
        rows = self._waiting.pop()
        if self.rng.random() < wordless_share:
            return self.data.wordless(rows, self.rng)
        return self.data.batch(rows, self.rng, pose_shown=pose_shown)


class AdapterStep:
    """Losses of the adapter's phase.

    Args:
        run: its settings.
        inner: the base inside.
        model: of peft.
        data: of the run.
    """

    def __init__(self, run: NanoRun, inner: Any, model: nn.Module, data: NanoData) -> None:
        self.run, self.inner, self.model = run, inner, model
        self.draws = Draws(data, run.settings)
        self.measure = Measure(run.pose_tokenizer.to(run.device))
        self.generator = torch.Generator().manual_seed(run.settings.seed)
        self.refresh: Any = lambda: None

    def __call__(self, number: int, share: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, what to tell, rows."""
        settings, places = self.run.settings, self.run.places
        batch = self.draws.next(wordless_share=settings.wordless_share)
        self.refresh()
        table = torch.cat([self.inner.own_rows.detach(), pose_rows(self.model)])
        read = read_batch(self.inner.model, table, batch, settings.dropout)
        said = answer(self.inner.model, table, places, batch, read, settings.stage_weights)
        if said.pose is None or said.first is None:
            raise ValueError("an answer without a pose")
        loss = said.plan + said.pose
        facts = {"pose": float(said.pose.detach())}
        if batch.text is not None:
            facts["plan"] = float(said.plan.detach())
        if number % FORMAT_EVERY == 0:
            loss = loss + format_loss(self.inner, table, places, batch, read, FORMAT_ROWS, poses=True)
        if share > 1 - settings.policy_share:
            policy, reward = self._policy(said.first, batch)
            loss = loss + settings.policy_weight * policy
            facts["reward"] = reward
        return loss, facts, len(batch)

    def _policy(self, first: Tensor, batch: Batch) -> tuple[Tensor, float]:
        """The policy gradient's loss, and the mean reward."""
        settings = self.run.settings
        rows = slice(0, settings.policy_rows)
        chances = first[rows].log_softmax(-1)
        noise = torch.empty(*chances.shape[:2], settings.policy_draws, chances.shape[-1])
        noise = noise.exponential_(generator=self.generator).to(chances.device)
        drawn = (chances.detach().exp()[:, :, None] / noise).argmax(-1)
        with torch.no_grad():
            rewards = one_part_rewards(
                self.measure, batch.codes[rows], drawn, batch.claims[rows], batch.plan_mask[rows]
            )
            gain = (rewards - rewards.mean(-1, keepdim=True)) * (settings.policy_draws / (settings.policy_draws - 1))
        policy = -(gain * chances.gather(-1, drawn)).mean(-1).sum(-1).mean()
        return policy, float(rewards.mean())


def round_to_half(model: nn.Module) -> None:
    """Learned numbers as they are stored."""
    with torch.no_grad():
        for one in model.parameters():
            if one.requires_grad:
                one.copy_(one.half().float())


def adapter_groups(learned: dict[str, nn.Parameter], settings: NanoTraining) -> list[Group]:
    """LoRA and rows, each with its rate."""
    rows = {name: one for name, one in learned.items() if "trainable_tokens" in name}
    lora = {name: one for name, one in learned.items() if name not in rows}
    return [Group(lora, settings.lora_rate), Group(rows, settings.row_rate)]
