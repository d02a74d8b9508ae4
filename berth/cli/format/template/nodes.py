"""The tree of a parsed template. ``str(node)`` is the source form that error texts quote."""

from collections.abc import Sequence

Constant = bool | int | float | str


class Node:
    """Base: every node knows its offset in the template's text."""

    __slots__ = ("pos",)

    def __init__(self, pos: int) -> None:
        self.pos = pos


class TextNode(Node):
    __slots__ = ("text",)

    def __init__(self, pos: int, text: str) -> None:
        super().__init__(pos)
        self.text = text


class ListNode(Node):
    """A sequence of texts and actions: a template's body or one branch."""

    __slots__ = ("nodes",)

    def __init__(self, pos: int, nodes: list[Node]) -> None:
        super().__init__(pos)
        self.nodes = nodes


class DotNode(Node):
    __slots__ = ()

    def __str__(self) -> str:
        return "."


class NilNode(Node):
    __slots__ = ()

    def __str__(self) -> str:
        return "nil"


class LiteralNode(Node):
    """A bool, number or string constant; ``source`` is how it was written."""

    __slots__ = ("source", "value")

    def __init__(self, pos: int, value: Constant, source: str) -> None:
        super().__init__(pos)
        self.value = value
        self.source = source

    def __str__(self) -> str:
        return self.source


class FieldNode(Node):
    """``.A.B``: names looked up from dot."""

    __slots__ = ("names",)

    def __init__(self, pos: int, names: Sequence[str]) -> None:
        super().__init__(pos)
        self.names = tuple(names)

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


class VariableNode(Node):
    """``$x.A``: a variable and names looked up from it."""

    __slots__ = ("fields", "name")

    def __init__(self, pos: int, name: str, fields: Sequence[str] = ()) -> None:
        super().__init__(pos)
        self.name = name
        self.fields = tuple(fields)

    def __str__(self) -> str:
        return self.name + "".join(f".{field}" for field in self.fields)


class IdentifierNode(Node):
    """The name of a function."""

    __slots__ = ("name",)

    def __init__(self, pos: int, name: str) -> None:
        super().__init__(pos)
        self.name = name

    def __str__(self) -> str:
        return self.name


class ChainNode(Node):
    """Names looked up from a parenthesised pipeline or a function's result."""

    __slots__ = ("fields", "node")

    def __init__(self, pos: int, node: Node, fields: Sequence[str]) -> None:
        super().__init__(pos)
        self.node = node
        self.fields = tuple(fields)

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, PipeNode) else str(self.node)
        return inner + "".join(f".{field}" for field in self.fields)


class CommandNode(Node):
    """One stage of a pipeline: an operand, or a function with arguments."""

    __slots__ = ("args",)

    def __init__(self, pos: int, args: list[Node]) -> None:
        super().__init__(pos)
        self.args = args

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, PipeNode) else str(arg) for arg in self.args)


class PipeNode(Node):
    """A pipeline with the variables that it declares or assigns."""

    __slots__ = ("assign", "commands", "declared")

    def __init__(self, pos: int) -> None:
        super().__init__(pos)
        self.declared: list[VariableNode] = []
        self.assign = False
        self.commands: list[CommandNode] = []

    def __str__(self) -> str:
        declared = ", ".join(str(variable) for variable in self.declared)
        if declared:
            declared += " = " if self.assign else " := "
        return declared + " | ".join(str(command) for command in self.commands)


class ActionNode(Node):
    __slots__ = ("pipe",)

    def __init__(self, pos: int, pipe: PipeNode) -> None:
        super().__init__(pos)
        self.pipe = pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


class BranchNode(Node):
    """``if``, ``range`` or ``with``, told apart by ``kind``."""

    __slots__ = ("kind", "otherwise", "pipe", "then")

    def __init__(
        self, pos: int, kind: str, pipe: PipeNode, then: ListNode, otherwise: ListNode | None
    ) -> None:
        super().__init__(pos)
        self.kind = kind
        self.pipe = pipe
        self.then = then
        self.otherwise = otherwise


class TemplateNode(Node):
    """``{{template "name" pipeline}}``."""

    __slots__ = ("name", "pipe", "source")

    def __init__(self, pos: int, name: str, source: str, pipe: PipeNode | None) -> None:
        super().__init__(pos)
        self.name = name
        self.source = source
        self.pipe = pipe

    def __str__(self) -> str:
        pipe = f" {self.pipe}" if self.pipe else ""
        return f"{{{{template {self.source}{pipe}}}}}"


class MarkNode(Node):
    """A bare keyword: ``end``, ``else``, ``break`` or ``continue``."""

    __slots__ = ("word",)

    def __init__(self, pos: int, word: str) -> None:
        super().__init__(pos)
        self.word = word

    def __str__(self) -> str:
        return f"{{{{{self.word}}}}}"
