"""The shape of the house: who may import whom, and what no room may do."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("dsp", "transforms", "pipeline", "runners")
FAMILIES = ("spectral", "temporal", "loudness", "variation", "harmonic", "stereo", "quality")


def modules(room):
    return sorted((ROOT / room).rglob("*.py"))


@cache
def imported(path):
    """Dotted names of the modules that a file imports, at its top or within a function."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize(
    ("inner", "outer"), [(a, b) for a, b in product(ROOMS, ROOMS) if ROOMS.index(a) < ROOMS.index(b)]
)
def test_imports_go_one_way(inner, outer):
    wrong = [
        f"{p}: {name}"
        for p in modules(inner)
        for name in imported(p)
        if name.startswith(f"beamprint.{outer}.")
    ]
    assert not wrong


def module_of(name, known):
    """The module that an imported name is, or is taken from; None for one of another room or library."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize("room", ROOMS)
def test_imports_within_a_room_form_no_circle(room):
    """Imports for type checkers and within functions count too."""
    known = {
        ".".join(("beamprint", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in modules(room)
    }
    graph = {
        name: {module_of(other, known) for other in imported(path)} - {None, name}
        for name, path in known.items()
    }
    assert any(graph.values())
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules of a circle


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_imports_another(family):
    others = {f"beamprint.dsp.{other}" for other in FAMILIES if other != family}
    names = set(imported(ROOT / "dsp" / f"{family}.py"))
    assert not {o for o in others for n in names if n == o or n.startswith(f"{o}.")}


def test_measurements_know_nothing_of_beam_files_or_logs():
    foreign = ("apache_beam", "pyarrow", "soundfile", "logging", "os", "pathlib", "io")
    wrong = [f"{p}: {name}" for p in modules("dsp") for name in imported(p) if name.split(".")[0] in foreign]
    assert not wrong


def test_nothing_slow_is_imported_for_a_few_filters():
    wrong = [p for room in ROOMS for p in modules(room) for n in imported(p) if n.startswith("scipy.signal")]
    assert not wrong


def blanket(handler):
    """Whether an except clause would also catch a bug."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(kind, "id", None) for kind in kinds}
    return handler.type is None or bool(names & {"Exception", "BaseException"})


HANDED_ON = {"transforms/audio/sources/views.py", "transforms/guard.py", "transforms/isolation/child.py"}
"""A callback of a C library cannot raise: it keeps any exception, and its caller raises it. The guard of the
graph's steps makes a failure with its traceback of any exception, as Beam's exception handling does. A child hands its
exceptions to its parent, which raises them."""


@pytest.mark.parametrize("room", ["dsp", "transforms"])
def test_no_exception_is_swallowed(room):
    wrong = [
        f"{path}:{node.lineno}"
        for path in modules(room)
        if str(path.relative_to(ROOT)) not in HANDED_ON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and blanket(node) and not isinstance(node.body[-1], ast.Raise)
    ]
    assert not wrong


OF_FILES = {
    "replace",
    "rename",
    "remove",
    "unlink",
    "rmdir",
    "mkdir",
    "makedirs",
    "scandir",
    "listdir",
    "link",
    "symlink",
}
"""Methods of ``os`` and ``pathlib`` that touch files and folders."""


def file_operations(path):
    """Lines of a module that open, rename, list or lock files themselves."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            if {"fcntl", "pathlib"} & set(names):
                yield f"{path}:{node.lineno} import"
        elif isinstance(node, ast.Call):
            owner = getattr(getattr(node.func, "value", None), "id", None)
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if (owner in ("os", "shutil") and name in OF_FILES) or (owner is None and name == "open"):
                yield f"{path}:{node.lineno} {name}"


OF_THE_PROGRAM = {
    "pipeline/commands/versions.py",
    "pipeline/commands/settings.py",
    "pipeline/commands/metrics.py",
    "pipeline/commands/pages/__init__.py",
}
"""They touch files of a library, of settings and of metrics, and pages, but none of a dataset."""


def test_only_the_store_touches_files_of_a_dataset():
    outside = [
        path
        for path in modules("pipeline")
        if "store" not in path.parts and str(path.relative_to(ROOT)) not in OF_THE_PROGRAM
    ]
    assert len(outside) > 20
    assert not [line for path in outside for line in file_operations(path)]
