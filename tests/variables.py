"""Which environment variables the source reads, found in its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
READERS = {"text", "number", "flag", "names", "networks", "ports", "secret", "master_key"}


def read_variables() -> set[str]:
    """Names read by `environment.text("NAME")` and its like, or directly from `os.environ`."""
    return {name for path in _sources() for name in _read_in(ast.parse(path.read_text()))}


def _sources() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for package in ("pki", "smime", "tenants", "mail", "pkiportal"):
        yield from (ROOT / package).rglob("*.py")


def _read_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="environment"), attr=attribute),
                args=[ast.Constant(value=str(name)), *_],
            ) if attribute in READERS:
                yield name
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                yield name
