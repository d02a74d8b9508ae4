"""Runs a parsed template on a value, with the rules and error texts of Go's text/template."""

from collections.abc import Mapping
from typing import Any

from berth.cli.format.rows import Row, Titles
from berth.cli.format.template.functions import SHORT_CIRCUIT, CallError, Function, fits
from berth.cli.format.template.nodes import (
    ActionNode,
    BranchNode,
    ChainNode,
    CommandNode,
    DotNode,
    FieldNode,
    IdentifierNode,
    ListNode,
    LiteralNode,
    MarkNode,
    NilNode,
    Node,
    PipeNode,
    TemplateNode,
    TextNode,
    VariableNode,
)
from berth.cli.format.template.printing import printed, show
from berth.cli.format.template.values import (
    MISSING,
    NilPointer,
    Struct,
    Time,
    truth,
    type_name,
)

_NOT_GIVEN = object()
_DEPTH_LIMIT = 100


class TemplateExecutionError(Exception):
    """A value did not fit the template; ``written`` is the output up to that place."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.written = ""


class _LoopExit(Exception):
    """``break`` or ``continue`` on its way to the nearest range."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Evaluation:
    """One execution. ``strict`` makes a missing map key an error and knows values to be untyped JSON."""

    def __init__(
        self,
        templates: Mapping[str, ListNode],
        text: str,
        name: str,
        functions: Mapping[str, Function],
        *,
        strict: bool,
    ) -> None:
        self._templates = templates
        self._text = text
        self._name = name
        self._functions = functions
        self._strict = strict
        self._node: Node = MarkNode(0, "")
        self._variables: list[tuple[str, Any]] = []
        self._root: Any = None
        self._depth = 0
        self.out: list[str] = []

    def run(self, data: Any) -> str:
        """The output; TemplateExecutionError when a value does not fit."""
        self._root = data
        self._variables = [("$", data)]
        try:
            self._walk_list(self._templates[""], data)
        except TemplateExecutionError as failure:
            failure.written = "".join(self.out)
            raise
        return "".join(self.out)

    # --- errors

    def _failure(self, message: str) -> TemplateExecutionError:
        before = self._text[: self._node.pos]
        line = before.count("\n") + 1
        column = self._node.pos - (before.rfind("\n") + 1)
        name = self._name
        return TemplateExecutionError(
            f'template: {name}:{line}:{column}: executing "{name}" at <{self._node}>: {message}'
        )

    # --- statements

    def _walk_list(self, body: ListNode, dot: Any) -> None:
        for node in body.nodes:
            self._node = node
            if isinstance(node, TextNode):
                self.out.append(node.text)
            elif isinstance(node, ActionNode):
                value = self._pipe(dot, node.pipe)
                if not node.pipe.declared:
                    self.out.append(printed(value))
            elif isinstance(node, BranchNode):
                self._branch(node, dot)
            elif isinstance(node, TemplateNode):
                self._call_template(node, dot)
            elif isinstance(node, MarkNode):
                raise _LoopExit(node.word)

    def _branch(self, node: BranchNode, dot: Any) -> None:
        mark = len(self._variables)
        try:
            if node.kind == "range":
                self._range(node, dot)
                return
            value = self._pipe(dot, node.pipe)
            if truth(value):
                self._walk_list(node.then, value if node.kind == "with" else dot)
            elif node.otherwise is not None:
                self._walk_list(node.otherwise, dot)
        finally:
            del self._variables[mark:]

    def _range(self, node: BranchNode, dot: Any) -> None:
        value = self._pipe(dot, node.pipe)
        pairs: list[tuple[Any, Any]]
        if isinstance(value, list):
            pairs = list(enumerate(value))
        elif isinstance(value, dict):
            pairs = [(key, value[key]) for key in sorted(value)]
        elif isinstance(value, int) and not isinstance(value, bool):
            pairs = [(index, index) for index in range(value)]
        elif value is MISSING or value is None:
            pairs = []
        else:
            self._node = node.pipe
            raise self._failure(f"range can't iterate over {show(value)}")
        if not pairs:
            if node.otherwise is not None:
                self._walk_list(node.otherwise, dot)
            return
        mark = len(self._variables)
        for key, item in pairs:
            self._bind_range(node.pipe, key, item)
            try:
                self._walk_list(node.then, item)
            except _LoopExit as way:
                if way.word == "break":
                    break
            finally:
                del self._variables[mark:]

    def _bind_range(self, pipe: PipeNode, key: Any, item: Any) -> None:
        names = [variable.name for variable in pipe.declared]
        if not names:
            return
        values = (item,) if len(names) == 1 else (key, item)
        for name, value in zip(names, values, strict=False):
            if pipe.assign:
                self._assign(name, value)
            else:
                self._variables.append((name, value))

    def _call_template(self, node: TemplateNode, dot: Any) -> None:
        self._node = node
        body = self._templates.get(node.name)
        if body is None or not node.name:
            raise self._failure(f'template "{node.name}" not defined')
        if self._depth >= _DEPTH_LIMIT:
            raise self._failure(f"exceeded maximum template depth ({_DEPTH_LIMIT})")
        value = self._pipe(dot, node.pipe) if node.pipe else MISSING
        kept, self._variables = self._variables, [("$", value)]
        self._depth += 1
        self._walk_list(body, value)
        self._depth -= 1
        self._variables = kept

    def _assign(self, name: str, value: Any) -> None:
        for index in range(len(self._variables) - 1, -1, -1):
            if self._variables[index][0] == name:
                self._variables[index] = (name, value)
                return
        raise self._failure(f"undefined variable: {name}")

    # --- expressions

    def _pipe(self, dot: Any, pipe: PipeNode) -> Any:
        self._node = pipe
        value: Any = _NOT_GIVEN
        for command in pipe.commands:
            value = self._command(dot, command, value)
        for variable in pipe.declared:
            if pipe.assign:
                self._assign(variable.name, value)
            else:
                self._variables.append((variable.name, value))
        return value

    def _command(self, dot: Any, command: CommandNode, final: Any) -> Any:
        first = command.args[0]
        if isinstance(first, FieldNode):
            self._node = first
            return self._fields(dot, dot, first, first.names, command.args, final)
        if isinstance(first, ChainNode):
            return self._chain(dot, first, command.args, final)
        if isinstance(first, IdentifierNode):
            return self._function(dot, first, command, command.args, final)
        if isinstance(first, VariableNode):
            return self._variable(dot, first, command.args, final)
        if not isinstance(first, PipeNode):
            self._node = first
        if len(command.args) > 1 or final is not _NOT_GIVEN:
            raise self._failure(f"can't give argument to non-function {first}")
        return self._operand(dot, first)

    def _operand(self, dot: Any, node: Node) -> Any:
        if isinstance(node, PipeNode):
            return self._pipe(dot, node)
        if isinstance(node, LiteralNode):
            return node.value
        if isinstance(node, DotNode):
            return dot
        raise self._failure("nil is not a command")

    def _variable(self, dot: Any, node: VariableNode, args: list[Node], final: Any) -> Any:
        self._node = node
        value = self._lookup(node.name)
        if node.fields:
            return self._fields(dot, value, node, node.fields, args, final)
        if len(args) > 1 or final is not _NOT_GIVEN:
            raise self._failure(f"can't give argument to non-function {args[0]}")
        return value

    def _lookup(self, name: str) -> Any:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise self._failure(f"undefined variable: {name}")

    def _chain(self, dot: Any, node: ChainNode, args: list[Node], final: Any) -> Any:
        self._node = node
        if isinstance(node.node, NilNode):
            raise self._failure(f"indirection through explicit nil in {node}")
        inner = self._argument(dot, node.node, "interface {}")
        return self._fields(dot, inner, node, node.fields, args, final)

    def _fields(
        self, dot: Any, receiver: Any, node: Node, names: tuple[str, ...], args: list[Node], final: Any
    ) -> Any:
        for name in names[:-1]:
            receiver = self._field(dot, receiver, node, name, [], _NOT_GIVEN)
        return self._field(dot, receiver, node, names[-1], args[1:], final)

    def _field(self, dot: Any, receiver: Any, node: Node, name: str, args: list[Node], final: Any) -> Any:
        has_args = bool(args) or final is not _NOT_GIVEN
        if isinstance(receiver, Row):
            return self._cell(dot, receiver, node, name, args, final)
        if receiver is MISSING:
            if self._strict:
                raise self._failure(f'nil data; no entry for key "{name}"')
            return MISSING
        if receiver is None:
            raise self._failure(f"nil pointer evaluating interface {{}}.{name}")
        if isinstance(receiver, Titles) and name == "Label":
            return self._call(dot, Function(receiver.Label, ("string",)), node, name, args, final)
        if isinstance(receiver, dict):
            if has_args:
                raise self._failure(f"{name} is not a method but has arguments")
            if name in receiver:
                return receiver[name]
            if self._strict:
                raise self._failure(f'map has no entry for key "{name}"')
            return MISSING
        if isinstance(receiver, Struct) and name in receiver.fields:
            if has_args:
                raise self._failure(f"{name} has arguments but cannot be invoked as function")
            return receiver.fields[name]
        if isinstance(receiver, NilPointer):
            raise self._failure(f"nil pointer evaluating *{receiver.go_type}.{name}")
        if isinstance(receiver, Time) and name == "String":
            return receiver.text()
        kind = "interface {}" if self._strict and receiver is not self._root else type_name(receiver)
        raise self._failure(f"can't evaluate field {name} in type {kind}")

    def _cell(self, dot: Any, row: Row, node: Node, name: str, args: list[Node], final: Any) -> Any:
        if name in row.CELLS:
            function = Function(getattr(row, name), ())
        elif name in row.CALLS:
            function = Function(getattr(row, name), ("string",))
        else:
            raise self._failure(f"can't evaluate field {name} in type {row.GO_TYPE}")
        return self._call(dot, function, node, name, args, final)

    def _function(
        self, dot: Any, node: IdentifierNode, command: CommandNode, args: list[Node], final: Any
    ) -> Any:
        self._node = node
        if node.name in SHORT_CIRCUIT:
            return self._short_circuit(dot, node.name, args[1:], final)
        return self._call(dot, self._functions[node.name], command, node.name, args[1:], final)

    def _short_circuit(self, dot: Any, name: str, args: list[Node], final: Any) -> Any:
        if not args and final is _NOT_GIVEN:
            raise self._failure(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = MISSING
        for arg in args:
            value = self._argument(dot, arg, "interface {}")
            if truth(value) == (name == "or"):
                return value
        return value if final is _NOT_GIVEN else final

    def _call(self, dot: Any, function: Function, node: Node, name: str, args: list[Node], final: Any) -> Any:
        wanted = function.arguments
        given = len(args) + (final is not _NOT_GIVEN)
        fixed = len(wanted) - function.variadic
        if function.variadic and given < fixed:
            raise self._failure(f"wrong number of args for {name}: want at least {fixed} got {len(args)}")
        if not function.variadic and given != fixed:
            raise self._failure(f"wrong number of args for {name}: want {fixed} got {given}")
        values = [
            self._argument(dot, arg, wanted[min(index, len(wanted) - 1)]) for index, arg in enumerate(args)
        ]
        if final is not _NOT_GIVEN:
            kind = wanted[-1] if function.variadic or not wanted else wanted[min(len(args), len(wanted) - 1)]
            values.append(self._checked(final, kind))
        try:
            return function.call(*values)
        except CallError as failure:
            self._node = node
            raise self._failure(f"error calling {name}: {failure}") from None

    def _argument(self, dot: Any, node: Node, wanted: str) -> Any:
        self._node = node
        if isinstance(node, NilNode):
            if wanted == "interface {}" or wanted.startswith("[]"):
                return None
            raise self._failure(f"cannot assign nil to {wanted}")
        if isinstance(node, LiteralNode):
            if wanted == "interface {}" or type(node.value).__name__ == {"string": "str"}.get(wanted, wanted):
                return node.value
            words = {"string": "string", "int": "integer"}
            if wanted not in words:
                raise self._failure(f"can't handle {node} for arg of type {wanted}")
            raise self._failure(f"expected {words[wanted]}; found {node}")
        if isinstance(node, FieldNode):
            value = self._fields(dot, dot, node, node.names, [node], _NOT_GIVEN)
        elif isinstance(node, VariableNode):
            value = self._variable(dot, node, [node], _NOT_GIVEN)
        elif isinstance(node, ChainNode):
            value = self._chain(dot, node, [node], _NOT_GIVEN)
        elif isinstance(node, IdentifierNode):
            value = self._function(dot, node, CommandNode(node.pos, [node]), [node], _NOT_GIVEN)
        elif isinstance(node, PipeNode):
            value = self._pipe(dot, node)
        else:
            value = dot
        return self._checked(value, wanted)

    def _checked(self, value: Any, wanted: str) -> Any:
        if fits(value, wanted):
            return value
        if value is MISSING or value is None:
            if wanted.startswith("[]"):
                return []
            raise self._failure(f"invalid value; expected {wanted}")
        raise self._failure(f"wrong type for value; expected {wanted}; got {type_name(value)}")
