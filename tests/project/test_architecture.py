"""Imports point one way. These tests read the source; modules that do not exist yet are simply not there to fail."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "galaxy_explorer"

# A module imports only what lies on a lower level (design: layers), apart from the pairs of SAME_LEVEL.
LEVELS = {
    **{"decision_tree": 1, "storage": 1, "progress": 1, "signals": 1},
    **{"images": 2, "sky": 2, "simulation": 2},
    **{"catalogue": 3, "evaluation": 3, "flow_chart": 3, "models": 3, "votes": 3},
    **{"prediction": 4, "saliency": 4, "similarity": 4},
    **{"survey": 5, "training": 5, "app.paths": 4, "app.state": 5, "app.server": 5, "app.services": 6, "app.ui": 6},
    **{"app.query": 7, "app.asking": 7, "app.panel": 7, "commands": 7},
    **{f"app.{page}": 8 for page in ("start", "browse", "map", "galaxy", "upload", "sky", "compare", "classify")},
    **{"app.collections": 8, "app.vote": 8, "app.agreement": 8},
    **{"classroom": 4, "app.classroom": 8},
    **{"app.workbench": 8, "app.about": 8, "app.missing": 8, "app.main": 8},
    **{"cli": 9, "__main__": 10},
}
SAME_LEVEL = {("models", "evaluation"), ("sky", "images"), ("app.services", "app.ui"), ("app.ui", "app.services")}
SAME_LEVEL |= {("app.classroom", "app.vote")}  # pupils answer by the questions of Vote

TORCH = {"torch", "torchvision", "pytorch_grad_cam"}
WITH_TORCH = {"models", "training", "prediction", "saliency", "commands"}  # commands: for --device
# They are imported by one another, or within functions.
INTERNET = {"requests", "httpx", "urllib3", "http", "kagglehub"}
ON_A_GPU_BOX = {"torch", "torchvision", "numpy", "pandas", "PIL", "tqdm", "filelock"}


class Import(NamedTuple):
    """One import statement's target."""

    file: Path
    line: int
    target: str  # dotted, "galaxy_explorer.images" or "numpy"
    within_function: bool

    @property
    def top(self):
        return self.target.split(".")[0]

    @property
    def module(self):
        """The package's module that is imported, such as ``app.panel``; None for other packages."""
        parts = self.target.split(".")
        if parts[0] != PACKAGE or len(parts) == 1:
            return None
        return ".".join(parts[1:3]) if parts[1] == "app" else parts[1]

    def __str__(self):
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.target}"


def imports_of(file, tree=None, within_function=False):
    """Every import of a source file, except those for type checkers alone."""
    tree = tree or ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, name.name, within_function)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield Import(file, node.lineno, "." * node.level + (node.module or ""), within_function)
            elif node.module == PACKAGE:
                for name in node.names:
                    yield Import(file, node.lineno, f"{PACKAGE}.{name.name}", within_function)
            else:
                yield Import(file, node.lineno, node.module, within_function)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports_of(file, node, within_function or function)


def module_of(file):
    """The package's module that a file belongs to; ``app`` and ``train`` are files at the top."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    if parts[0] != PACKAGE:
        return parts[0]
    return ".".join(parts[1:3]) if parts[1] == "app" else parts[1]


def in_app(module):
    """Whether a module is the app's entry file or lies in its folder."""
    return module == "app" or module.startswith("app.")


SOURCES = sorted((ROOT / PACKAGE).rglob("*.py")) + [
    path for path in (ROOT / "app.py", ROOT / "train.py") if path.is_file()
]
IMPORTS = [found for file in SOURCES for found in imports_of(file)]


def wrong(rule):
    """The imports that break a rule, in words."""
    return [str(found) for found in IMPORTS if rule(module_of(found.file), found)]


def test_the_reader_sees_every_form_of_import(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(
        "import os.path\nfrom galaxy_explorer import images, sky\nfrom galaxy_explorer.models import build\n"
        "from . import near\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n"
        "try:\n    import streamlit\nexcept ImportError:\n    pass\n"
        "class A:\n    def f(self):\n        import torchvision\n",
        encoding="utf-8",
    )
    assert [(found.target, found.module, found.within_function) for found in imports_of(file)] == [
        ("os.path", None, False),
        ("galaxy_explorer.images", "images", False),
        ("galaxy_explorer.sky", "sky", False),
        ("galaxy_explorer.models", "models", False),
        (".", None, False),
        ("typing", None, False),
        ("streamlit", None, False),
        ("torchvision", None, True),
    ]


def test_every_module_has_its_level():
    modules = {module_of(file) for file in SOURCES} - {"__init__", "app", "app.__init__", "train"}
    assert modules <= LEVELS.keys(), f"give {modules - LEVELS.keys()} a level in LEVELS"
    assert "decision_tree" in modules


def test_imports_point_downward():
    def upward(importer, found):
        if found.module not in LEVELS or importer == found.module:
            return False
        level = {"__init__": 0, "app": 9, "train": 9}.get(importer) or LEVELS.get(importer, 0)
        return LEVELS[found.module] >= level and (importer, found.module) not in SAME_LEVEL

    assert not wrong(upward)


def test_no_page_imports_another_page():
    pages = {name for name, level in LEVELS.items() if level == LEVELS["app.browse"]}

    def another(importer, found):
        return importer in pages and found.module in pages - {importer} and (importer, found.module) not in SAME_LEVEL

    assert not wrong(another)


def test_no_folder_holds_more_than_twelve_modules():
    folders = {file.parent for file in SOURCES if PACKAGE in file.parts}
    crowded = {f: n for f in folders if (n := len([p for p in f.glob("*.py") if p.stem != "__init__"])) > 12}
    assert not crowded


def test_imports_within_the_package_name_it_in_full():
    assert not wrong(lambda _, found: found.target.startswith("."))


def test_the_app_is_imported_by_its_entry_file_alone():
    assert not wrong(lambda importer, found: in_app(found.module or "") and not in_app(importer))


def test_streamlit_is_imported_by_the_app_alone():
    assert not wrong(lambda importer, found: found.top == "streamlit" and not in_app(importer))


def test_torch_is_imported_by_the_modules_of_the_network_alone():
    def elsewhere(importer, found):
        deferred = importer == "app.services" and found.within_function
        return found.top in TORCH and importer not in WITH_TORCH and not deferred

    assert not wrong(elsewhere)


def test_pages_reach_the_network_within_functions_alone():
    def at_once(importer, found):  # "prediction" imports torch when a network runs, see the last test
        if found.module not in WITH_TORCH - {"prediction"} or importer in WITH_TORCH | {"similarity", "train"}:
            return False
        return not ((in_app(importer) or importer in {"cli", "__main__"}) and found.within_function)

    assert not wrong(at_once)


def test_the_internet_is_touched_by_the_sky_and_the_command_line_alone():
    def fetches(importer, found):
        return (found.top in INTERNET or found.target == "urllib.request") and importer not in {"sky", "commands"}

    assert not wrong(fetches)


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("decision_tree", {"numpy"}),
        ("images", {"numpy", "PIL"}),
        ("catalogue", {"numpy", "pandas"}),
        ("evaluation", {"numpy", "pandas", "scipy"}),  # scipy to fit intervals alone
    ],
)
def test_a_module_needs_only_its_libraries(module, allowed):
    def beyond(importer, found):
        outside = found.top not in sys.stdlib_module_names | {PACKAGE} | allowed
        deferred = module == "images" and found.top in {"astropy", "scipy"} and found.within_function
        return importer == module and outside and not deferred

    assert not wrong(beyond)


def test_training_runs_on_a_bare_gpu_box():
    needed, waiting = set(), ["train"]
    while waiting:
        importer = waiting.pop()
        needed.add(importer)
        waiting += {found.module for found in IMPORTS if module_of(found.file) == importer and found.module} - needed
    allowed = sys.stdlib_module_names | ON_A_GPU_BOX | {PACKAGE}
    assert not wrong(
        lambda importer, found: importer in needed and found.top not in allowed and not found.within_function
    )


def test_no_module_is_a_drawer():
    assert not [path for path in SOURCES if path.stem in {"utils", "util", "common", "helpers", "misc"}]


def test_importing_what_pages_need_at_once_loads_no_torch():
    light = [
        name
        for name in ("catalogue", "flow_chart", "evaluation", "images", "prediction")
        if name in {module_of(f) for f in SOURCES}
    ]
    code = f"import sys, {', '.join(f'{PACKAGE}.{name}' for name in light)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not (TORCH | {"streamlit"}) & set(done.stdout.split())
