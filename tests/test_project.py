"""The project's own rules: structure, imports, laziness, the packaged files."""

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lamina"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [
    ["engine"],
    ["kernels"],
    ["autograph"],
    ["ops"],
    ["data", "distribute", "checkpoint"],
    ["keras"],
    ["export"],
    ["serving"],
    ["compat"],
    ["cli"],
]
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
LONGEST_FILE = 600
LARGEST_FOLDER = 25


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imports(path: Path) -> list[tuple[str, int]]:
    """The modules, or names of modules, that a file imports when it runs, by line."""
    found = []
    tree = _tree(path)
    typing = [
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    ]
    for node in ast.walk(tree):
        if node in typing:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: use absolute imports"
            base = node.module or ""
            found += [(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_are_short() -> None:
    lengths = {_shown(p): p.read_text("utf-8").count("\n") for p in FILES}
    long = {name: n for name, n in lengths.items() if n > LONGEST_FILE}
    assert not long, f"split these at {LONGEST_FILE} lines: {long}"
    assert statistics.median(lengths.values()) <= 200


def test_folders_are_small() -> None:
    folders = {p.parent for p in FILES}
    sizes = {_shown(d): len(list(d.glob("*.py"))) for d in folders}
    large = {name: n for name, n in sizes.items() if n > LARGEST_FOLDER + 1}
    assert not large, f"more than {LARGEST_FOLDER} files: {large}"


def test_imports_point_downward() -> None:
    wrong = []
    for path in FILES:
        room = path.relative_to(PACKAGE).parts[0]
        if room not in LEVEL:
            continue
        for name, line in _imports(path):
            parts = name.split(".")
            other = parts[1] if parts[0] == "lamina" and len(parts) > 1 else room
            if other != room and LEVEL.get(other, -1) >= LEVEL[room]:
                wrong.append(f"{_shown(path)}:{line}: {room} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_no_import_cycle() -> None:
    modules = {_module(path): path for path in FILES}

    def module(name: str) -> str:
        return name if name in modules else name.rpartition(".")[0]

    graph = {
        name: {module(m) for m, _ in _imports(path)} & modules.keys() - {name}
        for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            pytest.fail(" -> ".join([*path[path.index(name) :], name]))
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_only_public_jax() -> None:
    private = re.compile(r"^jax(\.\w+)*\._|^jaxlib")
    wrong = [
        f"{_shown(path)}:{line}: {name}"
        for path in FILES
        for name, line in _imports(path)
        if private.search(name)
    ]
    attributes = [
        f"{_shown(path)}:{node.lineno}: jax.{node.attr}"
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value).split(".")[0] in ("jax", "jnp", "lax")
    ]
    assert not wrong + attributes, "\n".join(wrong + attributes)


def test_nothing_unsafe_is_used() -> None:
    unsafe = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    wrong = [
        f"{_shown(path)}:{line}: imports {name}"
        for path in FILES
        for name, line in _imports(path)
        if name.split(".")[0] in unsafe
    ]
    assert not wrong, "\n".join(wrong)


def test_no_stub_is_left() -> None:
    wrong = [
        f"{_shown(path)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX)\b", line)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_function_is_typed() -> None:
    wrong = []
    for path in FILES:
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [a.arg for a in arguments if a.annotation is None]
            bare = [a for a in bare if a not in ("self", "cls", "mcs")]
            if node.returns is None or bare:
                wrong.append(f"{_shown(path)}:{node.lineno}: {node.name} {bare}")
    assert not wrong, "\n".join(wrong)


def test_import_is_lazy_and_silent() -> None:
    code = (
        "import sys, lamina; "
        "print([m for m in ('jax', 'numpy', 'h5py', 'rich') if m in sys.modules])"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_project_file_agrees_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = [re.findall(r"lamina\.(\w+)", line) for line in reversed(contract)]
    assert rooms == ROOMS
    assert (PACKAGE / "py.typed").exists()
    assert (PACKAGE / "keras" / "datasets" / "digits.npz").stat().st_size < 60_000


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"`?make (\w+)", page.read_text("utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=_shown
)
def test_links_in_documents_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link
