"""Three steps of a run spread over processes without GPUs: `torchrun --nproc_per_node N language_fsdp.py CONFIG OUT`.

accelerate only offers FSDP on GPUs; here its preparation of the model (`fsdp2_prepare_model`) is called as it does.
"""

import contextlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed as dist
from accelerate.utils import FullyShardedDataParallelPlugin
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from language_runs import differences, state

from chatpose.train.language_build import open_model, sources
from chatpose.train.language_data import Chunks, RowStream
from chatpose.train.language_folder import RunFolder
from chatpose.train.language_maker import Maker
from chatpose.train.language_run import HeldOut, measure, write_adapter
from chatpose.train.language_settings import LanguageTraining
from chatpose.train.language_trainer import LanguageTrainer
from chatpose.train.settings import read_settings


class Processes:
    """What of accelerate's Accelerator the trainer uses."""

    def __init__(self) -> None:
        self.num_processes, self.process_index = dist.get_world_size(), dist.get_rank()
        self.is_main_process = not self.process_index
        self.device = torch.device("cpu")
        self.distributed_type = "FSDP" if self.num_processes > 1 else "NO"

    def prepare(self, module: Any, optimizer: Any) -> tuple[Any, Any]:
        """Spreads the model, and gives the optimiser its new parameters."""
        if self.num_processes == 1:
            return module, optimizer
        names = {id(one): name for name, one in module.named_parameters()}
        groups = [[names[id(one)] for one in group["params"]] for group in optimizer.param_groups]
        layers = {type(one).__name__ for one in module.modules() if type(one).__name__.endswith("DecoderLayer")}
        plugin = FullyShardedDataParallelPlugin(
            fsdp_version=2, auto_wrap_policy="transformer_based_wrap", transformer_cls_names_to_wrap=list(layers),
            cpu_ram_efficient_loading=False, reshard_after_forward=True,
        )  # fmt: skip
        state = SimpleNamespace(fsdp_plugin=plugin)
        module = fsdp2_prepare_model(
            SimpleNamespace(state=state, torch_device_mesh=None, mixed_precision="no", is_main_process=False,
                            device=self.device), module
        )  # fmt: skip
        spread = dict(module.named_parameters())
        for group, several in zip(optimizer.param_groups, groups, strict=True):
            group["params"] = [spread[name] for name in several]
        return module, optimizer

    def unwrap_model(self, module: Any) -> Any:
        return module

    def backward(self, loss: Any) -> None:
        loss.backward()

    def clip_grad_norm_(self, parameters: Any, longest: float) -> Any:
        return torch.nn.utils.clip_grad_norm_([one for one in parameters if one.grad is not None], longest)

    def reduce(self, tensor: Any, _: str) -> Any:
        dist.all_reduce(tensor)
        return tensor

    def gather(self, tensor: Any) -> Any:
        several = [torch.zeros_like(tensor) for _ in range(self.num_processes)]
        dist.all_gather(several, tensor)
        return torch.cat(several)

    def wait_for_everyone(self) -> None:
        dist.barrier()

    @contextlib.contextmanager
    def no_sync(self, module: Any) -> Any:
        spread = hasattr(module, "set_requires_gradient_sync")
        if spread:
            module.set_requires_gradient_sync(False)
        yield
        if spread:
            module.set_requires_gradient_sync(True)


def main() -> None:
    dist.init_process_group("gloo")
    several: Any = Processes()
    settings = read_settings(LanguageTraining(), Path(sys.argv[1]))
    data, lm = sources(settings), open_model(settings, several)
    make = Maker(lm.renderer, settings)

    def trainer(model: Any) -> LanguageTrainer:
        stream = RowStream(Chunks(data.source, make, settings), several.process_index, several.num_processes)
        return LanguageTrainer(settings, model, stream, several)

    folder = RunFolder(Path(sys.argv[2]), several.is_main_process)
    whole = trainer(lm)
    for _ in range(2):
        whole.advance(0.3)
    whole.save(folder.checkpoint)
    again = trainer(open_model(settings, several))
    assert again.resume(folder.checkpoint)
    lost = [one.advance(0.6) for one in (whole, again)]
    assert lost[0] == lost[1], lost
    assert not differences(state(whole), state(again))
    figures = measure(again, HeldOut.of(data.held_out, make, settings), folder)
    again.save(folder.checkpoint)  # after measuring, which leaves parameters in another state than learning
    fresh = trainer(open_model(settings, several))
    assert fresh.resume(folder.checkpoint)
    assert not differences(state(fresh), state(again))
    write_adapter(again, folder, figures)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
