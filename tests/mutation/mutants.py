"""Defects in a module, found in its syntax tree, and how one is put into the running process.

A defect inside a function exchanges the function's code, so that every module that imported it is affected; one at
module level runs the changed statement again in the module's namespace.
"""

from __future__ import annotations

import ast
import copy
import importlib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OPPOSITES: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
# For each member the one it is exchanged for; what is not here has no neighbour that would be wrong.
_ENUMS = {
    "Seal": ("OK", "BAD"),
    "Encryption": ("OK", "FAIL"),
    "Signature": ("GOOD", "BAD"),
    "SignatureStatus": ("GOOD", "BAD"),
    "DecryptionStatus": ("OK", "FAIL"),
    "Failure": ("NONE", "REVOKED"),
    "LayerKind": ("SIGNED", "ENCRYPTED"),
    "FieldState": ("SIGNED_ONLY", "UNPROTECTED"),
}
_WORDS = 40  # longer texts are sentences for people: another test reads those


@dataclass(frozen=True)
class Mutant:
    """One defect: the line it stands in, what changes, and the tree of the whole module with it."""

    module: str
    line: int
    what: str
    owner: str  # qualified name of the function, or "" at module level
    tree: ast.Module
    statement: int  # index of the statement at module level that holds it
    end: int

    @property
    def lines(self) -> range:
        """All lines of the changed piece."""
        return range(self.line, self.end + 1)

    def __str__(self) -> str:
        return f"{self.module.replace('.', '/')}.py:{self.line} {self.what}"


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def mutants(path: Path) -> Iterator[Mutant]:
    """Every defect that can be planted into one file."""
    source = path.read_text()
    count = len(_Planter(-1).plant(ast.parse(source)).seen)
    for number in range(count):
        planter = _Planter(number).plant(ast.parse(source))
        line, end, what, owner, statement = planter.seen[number]
        yield Mutant(module_name(path), line, what, owner, planter.tree, statement, end)


class _Planter(ast.NodeTransformer):
    """Walks a module in a fixed order and applies the change with the given number; lists all of them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen: list[tuple[int, int, str, str, int]] = []
        self.owner: list[str] = []
        self.in_function = False
        self.statement = 0
        self.tree = ast.Module([], [])

    def plant(self, tree: ast.Module) -> _Planter:
        for index, statement in enumerate(tree.body):
            self.statement = index
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                tree.body[index] = self.visit(statement)
        self.tree = ast.fix_missing_locations(tree)
        return self

    def _offer(self, node: ast.AST, what: str, changed: ast.AST) -> ast.AST:
        """The node, or what it becomes if this is the change asked for."""
        place = ".".join(self.owner)
        self.seen.append((node.lineno, node.end_lineno, what, place, self.statement))  # type: ignore[attr-defined]
        if len(self.seen) - 1 != self.number:
            return node
        return ast.copy_location(changed, node)

    # what is left alone

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """The body alone; one inside another belongs to the outer one's code."""
        inner = self.in_function
        if not inner:
            self.owner.append(node.name)
        self.in_function = True
        start = 1 if ast.get_docstring(node) else 0
        node.body[start:] = [self.visit(statement) for statement in node.body[start:]]
        self.in_function = inner
        if not inner:
            self.owner.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.owner.append(node.name)
        node.body = [self.visit(s) if isinstance(s, ast.FunctionDef) else s for s in node.body]
        self.owner.pop()
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return node if "__all__" in names else self.generic_visit(node)  # a list for readers does nothing

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    # expressions

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for index, operator in enumerate(node.ops):
            opposite = _OPPOSITES[type(operator)]
            changed = copy.copy(node)
            changed.ops = [*node.ops]
            changed.ops[index] = opposite()  # type: ignore[call-overload]
            node = self._offer(node, f"{type(operator).__name__} becomes {opposite.__name__}", changed)  # type: ignore[assignment]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        opposite = _OPPOSITES[type(node.op)]
        return self._offer(
            node,
            f"{type(node.op).__name__} becomes {opposite.__name__}",
            ast.BoolOp(opposite(), node.values),  # type: ignore[arg-type]
        )

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        opposite = _OPPOSITES.get(type(node.op))
        if opposite is None:
            return node
        changed = ast.BinOp(node.left, opposite(), node.right)  # type: ignore[arg-type]
        return self._offer(node, f"{type(node.op).__name__} becomes {opposite.__name__}", changed)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return self._offer(node, "not is dropped", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return self._offer(node, "branches are exchanged", ast.IfExp(node.test, node.orelse, node.body))

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        for index, test in enumerate(node.ifs):
            node.ifs[index] = self._offer(self.visit(test), "filter is dropped", ast.Constant(True))  # type: ignore[assignment]
        node.iter = self.visit(node.iter)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value = node.value
        if isinstance(value, bool):
            return self._offer(node, f"{value} becomes {not value}", ast.Constant(not value))
        if isinstance(value, int):
            return self._offer(node, f"{value} becomes {value + 1}", ast.Constant(value + 1))
        if isinstance(value, str) and value and len(value) < _WORDS and " " not in value:
            return self._offer(node, f"{value!r} becomes another", ast.Constant(f"x{value}x"))
        if isinstance(value, bytes) and value:
            return self._offer(node, f"{value!r} becomes another", ast.Constant(b"x" + value))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in _ENUMS:
            first, second = _ENUMS[node.value.id]
            other = second if node.attr == first else first
            changed = ast.Attribute(node.value, other, node.ctx)
            return self._offer(node, f"{node.value.id}.{node.attr} becomes {other}", changed)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        other = _NAMES.get(node.id)
        return self._offer(node, f"{node.id} becomes {other}", ast.Name(other, node.ctx)) if other else node

    # statements

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        changed = ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        return self._offer(node, "condition is turned round", changed)

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            return node
        return self._offer(node, "nothing is returned", ast.Return(ast.Constant(None)))

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant):
            return node
        self.generic_visit(node)
        return self._offer(node, "statement is left out", ast.Pass())

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        return self._offer(node, "nothing is raised", ast.Pass())

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        return self._offer(node, "nothing is added", ast.Pass())

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        return self._offer(node, "continue becomes break", ast.Break())

    def visit_Break(self, node: ast.Break) -> ast.AST:
        return self._offer(node, "break becomes continue", ast.Continue())


def plant(mutant: Mutant) -> None:
    """Puts the defect into this process. Raises LookupError where its place cannot be reached."""
    module = importlib.import_module(mutant.module)
    if not mutant.owner:
        statement = ast.Module([mutant.tree.body[mutant.statement]], [])
        exec(compile(statement, module.__file__ or "", "exec"), vars(module))  # noqa: S102  our own source
        return
    code = _find(compile(mutant.tree, module.__file__ or "", "exec"), mutant.owner)
    function = _function(module, mutant.owner.split("."))
    function.__code__ = code


def _find(code: types.CodeType, name: str) -> types.CodeType:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(f"{constant.co_qualname}."):
                return _find(constant, name)
    raise LookupError(name)


def _function(module: types.ModuleType, names: list[str]) -> types.FunctionType:
    held: object = module
    for name in names:
        held = vars(held)[name]
        held = getattr(held, "fget", None) or getattr(held, "func", None) or getattr(held, "__func__", held)
        held = getattr(held, "__wrapped__", held)
    if not isinstance(held, types.FunctionType):
        raise LookupError(".".join(names))
    return held
