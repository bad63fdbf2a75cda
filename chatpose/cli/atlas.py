"""`chatpose atlas build | check | sheet`: the Pose Atlas from its sources."""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.errors import ChatposeError, unknown_name

if TYPE_CHECKING:
    from chatpose.atlas.compiler import Built
    from chatpose.atlas.report import Counts, Report
    from chatpose.posecodes.solve import Solver

Loaded = tuple["list[Built]", "Solver"]


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "atlas",
        help="compile and check the Pose Atlas",
        description="Compiles the atlas' sources (YAML, docs/atlas.md) to poses, checks every entry, draws sheets.",
    )
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    _action(actions, "build", "compile to poses.safetensors and atlas.json", build, out="folder to write")
    check = _action(actions, "check", "report on every entry; exit code 2 when one doesn't pass", run_check)
    check.add_argument("-v", "--verbose", action="store_true", help="every statement with what was measured")
    check.add_argument("--sheet", metavar="PICTURE", help="draw the entries, too (.png or .webp)")
    check.add_argument("--json", action="store_true", help="one object an entry on standard output")
    _action(actions, "sheet", "draw labelled sheets of all entries", sheet, out="folder to write")


def _action(
    actions: Any, name: str, what: str, run: Callable[[argparse.Namespace], int], out: str = ""
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=f"{what.capitalize()}.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="sources (default: those that ship with chatpose)")
    parser.add_argument("--only", nargs="+", metavar="ID", help="only these entries")
    if out:
        parser.add_argument("--out", metavar="FOLDER", required=True, help=out)
    parser.set_defaults(run=run)
    return parser


def build(options: argparse.Namespace) -> int:
    """Compiles and saves."""
    from chatpose.atlas.compiled import Atlas
    from chatpose.atlas.split import held_out_ids
    from chatpose.body.pose import stack_poses
    from chatpose.safefiles import made_folder

    folder = made_folder(Path(options.out))
    built, _ = _load(options)
    entries = tuple(one.entry for one in built)
    test_ids = held_out_ids() & {entry.id for entry in entries}
    Atlas(entries, stack_poses([one.pose for one in built]), test_ids).save(folder)
    print(f"{len(entries)} entries in {folder}")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Reports; 2 when an entry doesn't pass."""
    from chatpose.atlas.report import count, report
    from chatpose.atlas.split import held_out_ids

    built, solver = _load(options)
    reports = report(built, solver.body)
    if options.sheet:
        _draw_checked(reports, solver, Path(options.sheet))
    if options.json:
        for one in reports:
            shared.print_json(_as_json(one))
    else:
        for one in reports:
            _show(one, options.verbose)
        _show_counts(count(reports, held_out_ids()))
    failed = sum(bool(one.problems) for one in reports)
    if not options.json:
        print(f"{len(reports) - failed} of {len(reports)} entries pass")
    return 2 if failed else 0


def sheet(options: argparse.Namespace) -> int:
    """Draws all entries, a family after the other."""
    from chatpose.atlas.entry import FAMILIES
    from chatpose.atlas.sheet import save_picture, sheets
    from chatpose.body.pose import stack_poses
    from chatpose.safefiles import made_folder

    folder = made_folder(Path(options.out))
    built, solver = _load(options)
    built.sort(key=lambda one: FAMILIES.index(one.entry.family))
    poses = stack_poses([one.pose for one in built])
    labels = [f"{one.entry.family}: {one.entry.name}" for one in built]
    number = 0
    for picture in sheets(poses, labels, solver.body):
        number += 1
        save_picture(picture, folder / f"sheet_{number:02}.webp")
    print(f"{number} sheets of {len(built)} entries in {folder}")
    return 0


def _load(options: argparse.Namespace) -> Loaded:
    """Reads, picks and compiles."""
    from chatpose.atlas.compiler import build_entries
    from chatpose.atlas.reader import read_atlas
    from chatpose.posecodes.solve import Solver

    entries = read_atlas([Path(name) for name in options.files] or None)
    if options.only:
        known = {entry.id: entry for entry in entries}
        for name in options.only:
            if name not in known:
                raise unknown_name("entry", name, known)
        entries = [known[name] for name in dict.fromkeys(options.only)]
    if not entries:
        raise ChatposeError("no entries", expected="at least one in the files named")
    logging.getLogger(__name__).info("compiling %d entries", len(entries))
    solver = Solver()
    return build_entries(entries, solver), solver


def _draw_checked(reports: "list[Report]", solver: "Solver", path: Path) -> None:
    from chatpose.atlas.sheet import draw_sheet, save_picture
    from chatpose.body.pose import stack_poses

    poses = stack_poses([one.built.pose for one in reports])
    labels = [f"{one.built.entry.id}{' (!)' if one.problems else ''}" for one in reports]
    save_picture(draw_sheet(poses, labels, solver.body, size=200), path)


def _show(report: "Report", verbose: bool) -> None:
    entry = report.built.entry
    if not (verbose or report.problems):
        return
    print(f"{entry.origin}: {entry.id}" + ("" if report.problems else ": passes"))
    for problem in report.problems:
        print(f"  ! {problem}")
    if verbose:
        for row in report.rows():
            print(f"    {row}")


def _show_counts(counts: "Counts") -> None:
    print(f"{counts.entries} entries, {counts.names} names")
    for title, table in (("family", counts.by_family), ("voice", counts.by_voice), ("split", counts.by_split)):
        print(f"by {title}: " + ", ".join(f"{name} {number}" for name, number in table.items()))


def _as_json(report: "Report") -> dict[str, Any]:
    entry, solution = report.built.entry, report.built.solution
    return {
        "id": entry.id,
        "family": entry.family,
        "problems": list(report.problems),
        "checks": [check.as_json() for check in solution.checks],
        "goals": {
            str(goal): round(far, 4) for goal, far in zip(solution.goals, solution.goal_distances_m, strict=True)
        },
        "overlap_m": round(solution.quality.overlap_m, 4),
        "balance_m": None if solution.quality.balance_m is None else round(solution.quality.balance_m, 4),
        "nearest": report.nearest,
        "nearest_mm": None if not report.nearest else round(report.nearest_mm, 1),
        "seconds": round(solution.seconds, 3),
    }
