"""Speed and make-up of generated conversations: `python benchmarks/bench_instructions.py BANK [--count N]`.

BANK is a folder of `python -m chatpose.train.instruction_data`; without one a small bank is built of the atlas alone.
The aim is 2,000 conversations a second on two cores.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.chance import chance_of
from chatpose.corpus.instructions.mixture import TASKS, Mixture, report

WARM_UP = 2000


def main():
    options = parser().parse_args()
    folder = options.bank
    if folder is None:
        from chatpose.train.instruction_data import build_bank
        from chatpose.train.instruction_poses import BankSettings

        print("no bank given: building a small one")
        folder = options.out
        start = time.process_time()
        build_bank(BankSettings(variations=4, recorded=0, mixed=0, library=0, pictures=20)).save(folder)
        print(f"built in {time.process_time() - start:.0f} s of CPU")
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.processes) as pool:
        jobs = [(folder, options.seed, place, options.processes, options.count) for place in range(options.processes)]
        start = time.perf_counter()
        figures = pool.map(timed, jobs)
        wall = time.perf_counter() - start
    made, cpu = sum(count for count, *_ in figures), sum(seconds for _, seconds, _ in figures)
    longest = max(seconds for *_, seconds in figures)
    print(f"{made:,} conversations in {options.processes} processes")
    print(f"CPU time: {made / cpu:,.0f} a second and core, {2 * made / cpu:,.0f} on two cores")
    print(f"wall time: {made / longest:,.0f} a second ({wall:.1f} s with starting and opening the bank)")
    bank = PoseBank.load(folder)
    print("\n| task | microseconds a conversation |\n| --- | --- |")
    for name, task in TASKS.items():
        if task.possible(bank):
            print(f"| {name} | {microseconds(bank, task):.0f} |")
    print()
    print(report(Mixture(bank), options.count, options.seed))


def timed(job):
    """Conversations, CPU and wall seconds of one process."""
    folder, seed, place, processes, count = job
    mixture = Mixture(PoseBank.load(folder))
    for number in range(WARM_UP):
        mixture.conversation(seed + 1, number)
    cpu, wall = time.process_time(), time.perf_counter()
    numbers = range(place, count, processes)
    for number in numbers:
        mixture.conversation(seed, number)
    return len(numbers), time.process_time() - cpu, time.perf_counter() - wall


def microseconds(bank, task, count=400):
    for number in range(50):
        task.draw(bank, chance_of(1, number))
    start = time.process_time()
    for number in range(count):
        task.draw(bank, chance_of(0, number))
    return 1e6 * (time.process_time() - start) / count


def parser():
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("bank", type=Path, nargs="?")
    made.add_argument("--count", type=int, default=20_000)
    made.add_argument("--processes", type=int, default=2)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--out", type=Path, default=Path("bank"), help="where a bank is built when none is given")
    return made


if __name__ == "__main__":
    main()
