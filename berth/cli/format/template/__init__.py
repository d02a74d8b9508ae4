"""Go's text/template, as far as Docker's ``--format`` reaches.

:class:`Template` is the way in. Imported only when a format is given: it is off the start path.
"""

from collections.abc import Mapping
from typing import Any

from berth.cli.format.template.evaluate import Evaluation, TemplateExecutionError
from berth.cli.format.template.functions import BUILTINS, DOCKER, SHORT_CIRCUIT, Function
from berth.cli.format.template.parser import Parser, TemplateSyntaxError

__all__ = ["Template", "TemplateExecutionError", "TemplateSyntaxError"]


class Template:
    """A parsed template. ``name`` appears in error texts; ``extra`` adds functions to Docker's."""

    def __init__(self, text: str, name: str = "", extra: Mapping[str, Function] | None = None) -> None:
        self._text = text
        self._name = name
        self._functions = {**BUILTINS, **DOCKER, **(extra or {})}
        parser = Parser(text, name, self._functions.keys() | set(SHORT_CIRCUIT))
        try:
            self._templates = parser.parse()
        except RecursionError:
            raise TemplateSyntaxError(f"template: {name}:1: nested too deeply") from None

    def execute(
        self, data: Any, *, strict: bool = False, functions: Mapping[str, Function] | None = None
    ) -> str:
        """Render ``data``; ``strict`` is for untyped JSON, where a missing key is an error.

        ``functions`` replaces functions for this time. Raises TemplateExecutionError.
        """
        known = {**self._functions, **functions} if functions else self._functions
        return Evaluation(self._templates, self._text, self._name, known, strict=strict).run(data)
