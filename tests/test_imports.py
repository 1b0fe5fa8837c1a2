"""Imports point one way, from the plumbing up to the project's wiring (design.md 3, style.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).resolve().parent.parent
WIRING = ("kam.settings", "kam.test_settings", "kam.urls", "kam.asgi", "kam.wsgi")
ORDER = (
    ("kam.access",),
    ("kam.changes",),
    ("kam.jobs",),
    ("kam",),
    ("teams",),
    ("accounts",),
    ("plans",),
    ("reviews",),
    WIRING,
)
PACKAGES = ("kam", "teams", "accounts", "plans", "reviews")
NOT_THE_PRODUCT = ("tests", "deploy", "bench")
# Inside an app; parts that are not listed stand outside this order.
PARTS = ("querysets", "models", "policies", "services", ("forms", "serializers"), "views", "urls")


def rank(module: str) -> int | None:
    """How high in the house `module` stands; None when it is not ours."""
    best: tuple[int, int] | None = None
    for height, names in enumerate(ORDER):
        for name in names:
            if module == name or module.startswith(name + "."):
                best = max(best or (0, 0), (len(name), height))
    return best[1] if best else None


def part_rank(module: str) -> int | None:
    """How high inside its app a module stands; None when the order does not name its part."""
    for piece in module.removeprefix(app_of(module)).split("."):
        for height, names in enumerate(PARTS):
            if piece in ((names,) if isinstance(names, str) else names):
                return height
    return None


def app_of(module: str) -> str:
    """The app, or the plumbing package, to which `module` belongs."""
    pieces = module.split(".")
    return ".".join(pieces[:2]) if pieces[0] == "kam" else pieces[0]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every module of the product."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            pieces = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" in pieces:
                continue
            name = ".".join(pieces)
            yield name, ast.parse(path.read_text(), filename=str(path))


def imported(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that `module` imports, wherever the import stands."""
    package = module.removesuffix(".__init__") if module.endswith(".__init__") else ""
    package = package or module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")
            above = ".".join(base[: len(base) - node.level + 1]) if node.level else ""
            start = ".".join(filter(None, (above, node.module)))
            for alias in node.names:
                yield node.lineno, f"{start}.{alias.name}"


def typing_only(tree: ast.Module) -> set[int]:
    """Lines under `if TYPE_CHECKING`: annotations may name a model that imports their module."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            lines.update(inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.stmt))
    return lines


def test_imports_point_one_way():
    wrong = [
        f"{module}:{line} imports {name}"
        for module, tree in modules()
        for line, name in imported(tree, module)
        if (height := rank(name)) is not None and height > (rank(module) or 0)
    ]
    assert wrong == []


def test_product_imports_no_tools():
    wrong = [
        f"{module}:{line} imports {name}"
        for module, tree in modules()
        for line, name in imported(tree, module)
        if name.split(".")[0] in NOT_THE_PRODUCT
    ]
    assert wrong == []


def test_app_parts_import_downwards():
    wrong = []
    for module, tree in modules():
        own = part_rank(module)
        if own is None:
            continue
        annotations = typing_only(tree)
        for line, name in imported(tree, module):
            other = part_rank(name)
            same_app = rank(name) is not None and app_of(name) == app_of(module)
            if same_app and other is not None and other > own and line not in annotations:
                wrong.append(f"{module}:{line} imports {name}")
    assert wrong == []


def test_imports_stand_at_the_top():
    """Only `AppConfig.ready()` may import inside a function: models are not there before."""
    wrong = [
        f"{module}:{node.lineno} in {function.name}()"
        for module, tree in modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and not (function.name == "ready" and module.endswith(".apps"))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


def test_import_order_knows_each_layer():
    names = ("kam.access.tree", "kam.changes.record", "kam.jobs.queue", "kam.web.views")
    names += ("teams.models", "accounts.models", "plans.models", "reviews.models", "kam.urls")
    assert [rank(name) for name in names] == list(range(9))
    assert rank("django.db") is None
