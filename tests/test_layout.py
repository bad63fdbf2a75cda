"""Guards the repository's layout: where Python lies, which way imports go, sizes, start-up time, no foreign hosts."""

import ast
import hashlib
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "chatpose"
MIB = 2**20

# A module or package imports only its own row and rows above it (docs/architecture.md).
LAYERS = (
    {"errors", "optional", "offline", "resources", "shapes", "safefiles", "safe_arrays", "safe_pickle"}
    | {"pretrained", "yaml_source"},
    {"body"},
    {"posecodes"},
    {"formats"},
    {"corpus"},
    {"pose_tokenizer"},
    {"atlas"},
    {"perception"},
    {"retrieval"},
    {"language"},
    {"agent"},
    {"train", "evaluation"},
    {"page", "gradio_app", "mcp_server", "mcp_session", "mcp_folders", "mcp_tools"},
    {"cli"},
    {"__main__"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

MAX_LINES = 600
BUDGETS_MIB = {"": 45, "ui": 2, "data/body": 2.5, "docs": 5, "tokenizers": 4, "data/atlas": 4, "data/library": 4}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "assets" not in path.relative_to(PACKAGE).parts)


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def git_files() -> list[Path]:
    """Files that are in git or would be with the next `git add`; skips where this isn't a checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return sorted({ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()})


# --- where Python lies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["tokenizers", "data"])
def test_no_python_in_artefact_folders(folder):
    assert not list((ROOT / folder).rglob("*.py"))


def test_only_the_launcher_is_python_in_ui():
    found = {path.relative_to(ROOT / "ui").as_posix() for path in (ROOT / "ui").rglob("*.py")}
    assert found <= {"app.py"}


def test_no_test_folder_shadows_a_library():
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("name", ["tokenizers", "datasets", "evaluate"])
def test_hugging_face_libraries_are_not_shadowed(name):
    """With the checkout first on the path, as when a script runs from it."""
    code = f"import importlib.util as u; s = u.find_spec({name!r}); print((s and s.origin) or '')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    origin = run.stdout.strip()
    installed = importlib.util.find_spec(name)
    if installed is None or installed.origin is None:
        assert not origin, f"{origin} would be taken for the library {name}"
    else:
        assert not Path(origin).is_relative_to(ROOT) or "site-packages" in Path(origin).parts


def test_no_subpackage_carries_a_library_name():
    libraries = {"tokenizers", "datasets", "evaluate", "io", "types", "typing", "logging", "json", "tqdm", "trimesh"}
    assert not libraries & {path.stem for path in PACKAGE.iterdir()}


# --- imports go one way ----------------------------------------------------------------------------------------------


def imported_names(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all imports of chatpose, also lazy ones and "module:function" strings."""
    if isinstance(tree, ast.If) and "TYPE_CHECKING" in ast.unparse(tree.test):
        for node in tree.orelse:
            yield from imported_names(node, package)
        return
    if isinstance(tree, ast.Import):
        yield from ((tree.lineno, alias.name) for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        above = package.split(".")[: package.count(".") + 2 - tree.level] if tree.level else []
        start = ".".join(filter(None, [*above, tree.module]))
        yield from ((tree.lineno, f"{start}.{alias.name}") for alias in tree.names)
    elif isinstance(tree, ast.Constant) and re.fullmatch(r"chatpose(\.\w+)+(:\w+)?", str(tree.value)):
        yield tree.lineno, str(tree.value).partition(":")[0]
    for child in ast.iter_child_nodes(tree):
        yield from imported_names(child, package)


def part_of(name: str) -> str | None:
    """The row of `LAYERS` that a dotted name belongs to; None for the package itself and for foreign names."""
    first, _, rest = name.partition(".")
    part = rest.partition(".")[0]
    return part if first == "chatpose" and part in RANK else None


def test_every_module_has_a_row():
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()} - {"__init__"}
    assert parts <= RANK.keys(), f"say in LAYERS which row {sorted(parts - RANK.keys())} belongs to"


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_go_one_way(path):
    name = dotted(path)
    own = part_of(name)
    if own is None:  # chatpose/__init__.py hands out names of all rows, lazily
        return
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for line, imported in imported_names(ast.parse(path.read_text(encoding="utf-8")), package)
        if (part := part_of(imported)) and RANK[part] > RANK[own]
    ]
    assert not wrong


def test_the_import_scan_sees_every_kind_of_import():
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chatpose.agent import a\n"
        "def f():\n    from chatpose.formats import load\n    import chatpose.cli.main\n"
        "from ..body import pose\nT = 'chatpose.corpus.reader:read'\nN = 'chatpose 0.1'\n"
    )
    seen = {name for _, name in imported_names(ast.parse(source), "chatpose.formats")}
    assert {part_of(name) for name in seen} - {None} == {"formats", "cli", "body", "corpus"}


def test_every_registered_reader_and_writer_exists():
    from chatpose.formats.registry import FORMATS

    for kind in FORMATS:
        for target in filter(None, (kind.reader, kind.writer)):
            module, _, function = target.partition(":")
            assert callable(getattr(importlib.import_module(module), function, None)), target


# --- modules ---------------------------------------------------------------------------------------------------------


def test_files_stay_small():
    folders = ["chatpose", "tests", "benchmarks", "examples", "ui"]
    sources = [path for folder in folders for kind in ("*.py", "*.js", "*.mjs") for path in (ROOT / folder).rglob(kind)]
    ours = [path for path in sources if not {"node_modules", "vendor", "assets"} & set(path.parts)]
    long = {str(path.relative_to(ROOT)): count for path in ours if (count := _line_count(path)) > MAX_LINES}
    assert not long


def _line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_module_imports_without_a_word():
    names = [dotted(path) for path in modules() if path.name != "__main__.py"]
    code = f"import importlib\nfor name in {names!r}: importlib.import_module(name)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_library_code_never_prints():
    """Only the ways in print; a module that is also a command may in its `main`."""
    wrong = []
    for path in modules():
        if path.relative_to(PACKAGE).parts[0] in ("cli", "__main__.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        allowed = {node for top in tree.body if getattr(top, "name", "") == "main" for node in ast.walk(top)}
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in ("print", "breakpoint") and node not in allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{called.lineno}")
    assert not wrong


# --- starting up -----------------------------------------------------------------------------------------------------

HEAVY = {"torch", "transformers", "gradio", "numpy", "trimesh", "roma", "PIL", "scipy", "smplx"}


def test_import_is_quick_and_light():
    code = (
        "import sys, time; start = time.perf_counter(); import chatpose; seconds = time.perf_counter() - start\n"
        "import json; print(json.dumps([seconds, sorted(sys.modules)]))"
    )
    runs = [json.loads(_python("-c", code).stdout) for _ in range(5)]
    assert min(seconds for seconds, _ in runs) < 0.3
    assert not HEAVY & set(runs[0][1])


def test_help_loads_nothing_heavy():
    lines = _python("-X", "importtime", "-m", "chatpose", "--help").stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if line.startswith("import time:")}
    assert "chatpose" in loaded
    assert not HEAVY & loaded


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)


# --- data and sizes --------------------------------------------------------------------------------------------------


def test_manifest_lists_every_file_of_data():
    """Made files with their hash; folders of hand-written sources, whose path ends in a slash, as a whole."""
    data = ROOT / "data"
    rows = json.loads((data / "MANIFEST.json").read_text(encoding="utf-8"))
    listed = {row["path"].removeprefix("data/"): row for row in rows}
    assert len(listed) == len(rows), "a path is listed twice"
    assert all(row.get(key) for row in rows for key in ("licence", "origin", "command"))
    written = tuple(path for path in listed if path.endswith("/"))
    there = {
        path.relative_to(data).as_posix(): path
        for path in git_files()
        if path.is_relative_to(data) and path.name not in ("README.md", "MANIFEST.json")
    }
    made = {name: path for name, path in there.items() if not name.startswith(written or "\0")}
    assert set(listed) == {*made, *written}
    for name, path in made.items():
        content = path.read_bytes()
        assert listed[name]["sha256"] == hashlib.sha256(content).hexdigest(), f"{name} changed: update MANIFEST.json"
        assert listed[name]["bytes"] == len(content)


@pytest.mark.parametrize(("folder", "limit_mib"), BUDGETS_MIB.items(), ids=lambda value: str(value) or "all")
def test_sizes_stay_within_budget(folder, limit_mib):
    total = sum(path.stat().st_size for path in git_files() if path.is_relative_to(ROOT / folder))
    assert total <= limit_mib * MIB


def test_artefact_folders_are_in_git():
    """An empty folder isn't, and the wheel can't be built without all three."""
    for folder in ("tokenizers", "data", "ui"):
        assert any(path.is_relative_to(ROOT / folder) for path in git_files()), f"{folder}/ is empty: add a README.md"


# --- no foreign hosts in the page ------------------------------------------------------------------------------------

HOSTS = re.compile(
    r"unpkg\.com|jsdelivr|cdnjs|esm\.sh|skypack|jspm|bootstrapcdn|fonts\.(googleapis|gstatic)|ajax\.googleapis|"
    r"gradio\.app|cdn\.|polyfill\.io|google-analytics|googletagmanager",
    re.IGNORECASE,
)
LOADS = re.compile(
    r"""(?:\b(?:src|href)\s*=\s*|@import\s+(?:url\()?|\burl\(|\bimport\s*\(|\bfrom\s+|\bimport\s+|\bfetch\s*\()"""
    r"""\s*["'`]?(?:https?:)?//\w""",
    re.IGNORECASE,
)


def test_the_page_loads_nothing_from_elsewhere():
    texts = [path for path in git_files() if path.is_relative_to(ROOT / "ui")]
    texts += [path for path in modules() if path.relative_to(PACKAGE).parts[0] in ("page", "gradio_app.py")]
    wrong = []
    for path in texts:
        if path.suffix in (".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".svg"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = LOADS.search(line) or ("vendor" not in path.parts and HOSTS.search(line))
                if found:
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {found.group()}")
    assert not wrong


@pytest.mark.parametrize(
    "line",
    [
        '<script src="https://x.org/a.js">',
        "@import url(//x.org/a.css)",
        "src: url('https://x.org/f.woff2')",
        'import * as T from "https://x.org/t.js"',
        "await import(`https://x.org/t.js`)",
        'fetch("http://x.org")',
    ],
)
def test_loads_from_elsewhere_are_recognised(line):
    assert LOADS.search(line)


@pytest.mark.parametrize(
    "line", ['import { a } from "./b.js"', "// see https://x.org", 'url("data:image/png;base64,//8")']
)
def test_own_files_and_remarks_are_not(line):
    assert not LOADS.search(line)
