"""Tokens to a tree, with the error texts of Go's text/template."""

from collections.abc import Collection, Iterator

from berth.cli.format.template.lexer import Lexer, Token
from berth.cli.format.template.literals import ConstantError, parse_number, parse_rune, parse_string
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

_OPERANDS = frozenset(
    ("bool", "rune", "dot", "field", "identifier", "number", "nil", "raw", "string", "variable", "(")
)
_BRANCHES = ("if", "range", "with")


class TemplateSyntaxError(Exception):
    """The text is no template; the message is the part after ``template parsing error:``."""


class Parser:
    """Parses one template text. ``templates`` holds the main body under "" and every definition."""

    def __init__(self, text: str, name: str, functions: Collection[str]) -> None:
        self.name = name
        self.templates: dict[str, ListNode] = {}
        self._functions = functions
        self._tokens: Iterator[Token] = iter(Lexer(text))
        self._pushed: list[Token] = []
        self._line = 1
        self._action_line = 0
        self._variables = ["$"]
        self._ranges = 0

    # --- tokens

    def _next(self) -> Token:
        token = self._pushed.pop() if self._pushed else next(self._tokens)
        self._line = token.line
        return token

    def _push(self, *tokens: Token) -> None:
        """Give tokens back; the last one given is read first."""
        self._pushed.extend(tokens)

    def _peek(self) -> Token:
        token = self._next()
        self._push(token)
        return token

    def _next_word(self) -> Token:
        token = self._next()
        while token.kind == "space":
            token = self._next()
        return token

    def _peek_word(self) -> Token:
        token = self._next_word()
        self._push(token)
        return token

    def _expect(self, kind: str, context: str) -> Token:
        token = self._next_word()
        if token.kind != kind:
            raise self._unexpected(token, context)
        return token

    def _failure(self, message: str) -> TemplateSyntaxError:
        return TemplateSyntaxError(f"template: {self.name}:{self._line}: {message}")

    def _unexpected(self, token: Token, context: str) -> TemplateSyntaxError:
        if token.kind == "error":
            extra = ""
            if self._action_line and self._action_line != token.line:
                extra = f" in action started at {self.name}:{self._action_line}"
                if token.text.endswith(" action"):
                    extra = extra.removeprefix(" in action")
            return self._failure(f"{token.shown()}{extra}")
        return self._failure(f"unexpected {token.shown()} in {context}")

    # --- structure

    def parse(self) -> dict[str, ListNode]:
        """The whole text."""
        nodes: list[Node] = []
        while self._peek().kind != "eof":
            token = self._next()
            if token.kind == "{{":
                word = self._next_word()
                if word.kind == "define":
                    self._definition()
                    continue
                self._push(word)
            self._push(token)
            node = self._text_or_action()
            if isinstance(node, MarkNode) and node.word in ("end", "else"):
                raise self._failure(f"unexpected {node}")
            nodes.append(node)
        self.templates[""] = ListNode(0, nodes)
        return self.templates

    def _definition(self) -> None:
        context = "define clause"
        name = self._template_name(self._next_word(), context)[0]
        self._expect("}}", context)
        body, end = self._item_list()
        if end.word != "end":
            raise self._failure(f"unexpected {end} in {context}")
        self.templates[name] = body

    def _template_name(self, token: Token, context: str) -> tuple[str, str]:
        if token.kind not in ("string", "raw"):
            raise self._unexpected(token, context)
        return self._constant(token), token.text

    def _constant(self, token: Token) -> str:
        try:
            return parse_string(token.text)
        except ConstantError as failure:
            raise self._failure(str(failure)) from None

    def _item_list(self) -> tuple[ListNode, MarkNode]:
        nodes: list[Node] = []
        start = self._peek_word().pos
        while self._peek_word().kind != "eof":
            node = self._text_or_action()
            if isinstance(node, MarkNode) and node.word in ("end", "else"):
                return ListNode(start, nodes), node
            nodes.append(node)
        self._peek()
        raise self._failure("unexpected EOF")

    def _text_or_action(self) -> Node:
        token = self._next_word()
        if token.kind == "text":
            return TextNode(token.pos, token.text)
        if token.kind == "{{":
            self._action_line = token.line
            node = self._action()
            self._action_line = 0
            return node
        raise self._unexpected(token, "input")

    def _action(self) -> Node:
        token = self._next_word()
        kind = token.kind
        if kind in _BRANCHES:
            return self._branch(kind, token.pos)
        if kind == "end":
            return MarkNode(self._expect("}}", "end").pos, "end")
        if kind == "else":
            following = self._peek_word()
            if following.kind not in ("if", "with"):
                self._expect("}}", "else")
            return MarkNode(token.pos, "else")
        if kind in ("break", "continue"):
            return self._loop_mark(kind, token.pos)
        if kind == "template":
            return self._template_call(token.pos)
        if kind == "block":
            return self._block(token.pos)
        self._push(token)
        first = self._peek()
        return ActionNode(first.pos, self._pipeline("command", "}}"))

    def _loop_mark(self, word: str, pos: int) -> Node:
        token = self._next_word()
        if token.kind != "}}":
            raise self._unexpected(token, f"{{{{{word}}}}}")
        if not self._ranges:
            raise self._failure(f"{{{{{word}}}}} outside {{{{range}}}}")
        return MarkNode(pos, word)

    def _template_call(self, pos: int) -> Node:
        context = "template clause"
        token = self._next_word()
        name, source = self._template_name(token, context)
        pipe = None
        if self._next_word_is("}}"):
            return TemplateNode(token.pos, name, source, None)
        pipe = self._pipeline(context, "}}")
        return TemplateNode(token.pos, name, source, pipe)

    def _block(self, pos: int) -> Node:
        context = "block clause"
        token = self._next_word()
        name, source = self._template_name(token, context)
        pipe = self._pipeline(context, "}}")
        body, end = self._item_list()
        if end.word != "end":
            raise self._failure(f"unexpected {end} in {context}")
        self.templates[name] = body
        return TemplateNode(token.pos, name, source, pipe)

    def _next_word_is(self, kind: str) -> bool:
        token = self._next_word()
        if token.kind == kind:
            return True
        self._push(token)
        return False

    def _branch(self, kind: str, pos: int) -> BranchNode:
        outer = len(self._variables)
        pipe = self._pipeline(kind, "}}")
        self._ranges += kind == "range"
        then, mark = self._item_list()
        self._ranges -= kind == "range"
        otherwise = None
        if mark.word == "else":
            following = self._peek()
            if kind in ("if", "with") and following.kind == kind:
                self._next()
                otherwise = ListNode(following.pos, [self._branch(kind, following.pos)])
            else:
                otherwise, end = self._item_list()
                if end.word != "end":
                    raise self._failure(f"expected end; found {end}")
        del self._variables[outer:]
        return BranchNode(pos, kind, pipe, then, otherwise)

    # --- expressions

    def _pipeline(self, context: str, end: str) -> PipeNode:
        pipe = PipeNode(self._peek_word().pos)
        self._declarations(pipe, context)
        while True:
            token = self._next_word()
            if token.kind == end:
                self._check_pipeline(pipe, context)
                return pipe
            if token.kind not in _OPERANDS:
                raise self._unexpected(token, context)
            self._push(token)
            pipe.commands.append(self._command())

    def _declarations(self, pipe: PipeNode, context: str) -> None:
        while True:
            variable = self._peek_word()
            if variable.kind != "variable":
                return
            self._next_word()
            after = self._peek()
            following = self._peek_word()
            if following.kind in ("assign", "declare"):
                pipe.assign = following.kind == "assign"
                self._next_word()
                self._declare(pipe, variable)
                return
            if following.kind == "char" and following.text == ",":
                self._next_word()
                self._declare(pipe, variable)
                if context == "range" and len(pipe.declared) < 2:
                    if self._peek_word().kind in ("variable", "}}", ")"):
                        continue
                    raise self._failure("range can only initialize variables")
                raise self._failure(f"too many declarations in {context}")
            if after.kind == "space":
                self._push(after)
            self._push(variable)
            return

    def _declare(self, pipe: PipeNode, variable: Token) -> None:
        pipe.declared.append(VariableNode(variable.pos, variable.text))
        self._variables.append(variable.text)

    def _check_pipeline(self, pipe: PipeNode, context: str) -> None:
        if not pipe.commands:
            raise self._failure(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.args[0], DotNode | NilNode | LiteralNode):
                raise self._failure(f"non executable command in pipeline stage {stage}")

    def _command(self) -> CommandNode:
        command = CommandNode(self._peek_word().pos, [])
        while True:
            self._peek_word()
            operand = self._operand()
            if operand is not None:
                command.args.append(operand)
            token = self._next()
            if token.kind == "space":
                continue
            if token.kind in ("}}", ")"):
                self._push(token)
            elif token.kind != "pipe":
                raise self._unexpected(token, "operand")
            break
        if not command.args:
            raise self._failure("empty command")
        return command

    def _operand(self) -> Node | None:
        node = self._term()
        if node is None or self._peek().kind != "field":
            return node
        pos = self._peek().pos
        fields = []
        while self._peek().kind == "field":
            fields.append(self._next().text[1:])
        if isinstance(node, FieldNode):
            return FieldNode(pos, [*node.names, *fields])
        if isinstance(node, VariableNode):
            return VariableNode(pos, node.name, [*node.fields, *fields])
        if isinstance(node, LiteralNode | NilNode | DotNode):
            from berth.cli.format.text import quote

            raise self._failure(f"unexpected . after term {quote(str(node))}")
        return ChainNode(pos, node, fields)

    def _term(self) -> Node | None:
        token = self._next_word()
        kind = token.kind
        if kind == "(":
            return self._pipeline("parenthesized pipeline", ")")
        if kind in ("bool", "number", "rune", "string", "raw"):
            return self._literal(token)
        if kind == "dot":
            return DotNode(token.pos)
        if kind == "nil":
            return NilNode(token.pos)
        if kind == "field":
            return FieldNode(token.pos, [token.text[1:]])
        if kind == "identifier":
            if token.text not in self._functions:
                raise self._failure(f'function "{token.text}" not defined')
            return IdentifierNode(token.pos, token.text)
        if kind == "variable":
            if token.text not in self._variables:
                raise self._failure(f'undefined variable "{token.text}"')
            return VariableNode(token.pos, token.text)
        self._push(token)
        return None

    def _literal(self, token: Token) -> LiteralNode:
        try:
            if token.kind == "bool":
                return LiteralNode(token.pos, token.text == "true", token.text)
            if token.kind == "number":
                return LiteralNode(token.pos, parse_number(token.text), token.text)
            if token.kind == "rune":
                return LiteralNode(token.pos, parse_rune(token.text), token.text)
        except ConstantError as failure:
            raise self._failure(str(failure)) from None
        return LiteralNode(token.pos, self._constant(token), token.text)
