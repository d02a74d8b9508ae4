"""What is wrong in a Dockerfile, and on which line."""

from berth.base.errors import InvalidArgument


class DockerfileError(InvalidArgument):
    """The text is not a Dockerfile. ``line`` counts from 1, 0 where there is no one line to blame."""

    def __init__(self, message: str, *, line: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class SyntaxProblem(DockerfileError):
    """A text that cannot even be split into arguments: Docker gives no line for these, so ``hint`` does."""
