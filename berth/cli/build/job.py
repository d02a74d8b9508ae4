"""One ``berth build``, from its flags to its exit code."""

import time

from berth.base.errors import BerthError
from berth.cli.build import request, results
from berth.cli.build.classic import BuildFailed, Sending
from berth.cli.build.deliver import Delivery
from berth.cli.build.place import Place, find_place, is_git
from berth.cli.cli import Exit
from berth.cli.streams import Writer
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options
    from berth.client.response import Response

_INTERRUPTED = 130


def build(cli: "Cli", options: "Options") -> int:
    """Build and do with the result what was asked; the exit code is that of a command that failed."""
    request.check_combination(options)
    note_ignored(cli, options)
    call = "check" if options.check else options.call.partition(",")[0]
    if is_git(options.args[0]) or options.ssh:
        _be_interruptible()
    place: Place | None = None
    try:
        place = find_place(cli, options.args[0], options.file)
        if call != "build":
            from berth.cli.build.calls import evaluate

            return evaluate(cli, options, place, call)
        return _Job(cli, options, place).run()
    except KeyboardInterrupt:
        raise Exit(_INTERRUPTED) from None
    finally:
        if place is not None and place.temporary:
            from shutil import rmtree

            rmtree(place.temporary)


def _be_interruptible() -> None:
    """Let an interrupt end the build as an exception: there is something to take away."""
    import _signal  # type: ignore[import-not-found]  # signal above it imports enum

    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def note_ignored(cli: "Cli", options: "Options") -> None:
    """Say which flags have no effect here."""
    if options.cache_to:
        cli.note("--cache-to has no effect: the daemon keeps the cache of all builds")
    wanted = [f"--{name}" for name in ("attest", "provenance", "sbom") if _attests(getattr(options, name))]
    if options.annotation:
        wanted.append("--annotation")
    if wanted:
        cli.note(f"{', '.join(wanted)} has no effect: images are kept without attestations and annotations")


def _attests(value: "str | list[str]") -> bool:
    return bool(value) and value not in ("false", "0", "disabled", "none")


class _Job:
    """``image`` is the id of the result, once there is one; ``container`` the one of the step that failed."""

    def __init__(self, cli: "Cli", options: "Options", place: Place) -> None:
        self.cli = cli
        self.options = options
        self.place = place
        self.image = ""
        self.container = ""
        self.step = ""
        self._record: dict[str, Any] = {}
        self.outputs = results.parse_outputs(options)
        # What is built and what is told of it must not mix on standard output.
        self.out = cli.err if any(output.dest == "-" for output in self.outputs) else cli.out
        self.progress = _form(cli, options, self.out)

    def run(self) -> int:
        cli, options = self.cli, self.options
        results.check_outputs(cli, self.outputs)
        if options.iidfile:
            results.forget(options.iidfile)
        try:
            self._build()
        except BuildFailed as failed:
            return self._failed(failed)
        except ApiError as error:
            self._show_line(error.detail)
            raise
        if options.dry_run:
            return 0
        results.write_files(cli, options, self.image, self._record)
        for output in self.outputs:
            results.put_out(cli, self.image, output, options.tag)
        if options.push:
            results.push(cli, options)
        return 0

    def _build(self) -> None:
        from berth.cli.build.secrets import Agents, read_secrets

        secrets = read_secrets(self.options.secret, self.cli.env) if self.options.secret else {}
        agents = Agents(self.options.ssh, self.cli.env) if self.options.ssh else None
        delivery = Delivery(
            self.cli,
            self.options,
            self.place,
            secrets=secrets,
            agents=agents.sockets if agents else {},
            form=self.progress,
        )
        try:
            getattr(self, f"_{self.progress}")(delivery)
        finally:
            if agents:
                agents.close()

    def _plain(self, delivery: Delivery) -> None:
        sending = Sending(self.out)
        answer = delivery.start(sending, sending.done)
        if delivery.events:
            self._dry_run(answer)
        else:
            self._classic(answer, self.out)

    def _classic(self, answer: "Response", out: Writer) -> None:
        from berth.cli.build.classic import show

        show(self._watched(answer.json_lines()), out, self._on_aux)

    def _watched(self, messages: "Any") -> "Any":
        """The messages; remembers the step that runs and its container, in case it fails."""
        for message in messages:
            text = message.get("stream", "")
            if text.startswith(" ---> Running in "):
                self.container = text.rpartition(" ")[2].strip()
            elif text.startswith("Step "):
                self.step, self.container = text.partition(" : ")[2].rstrip("\n"), ""
            yield message

    def _on_aux(self, message: "dict[str, Any]") -> None:
        image = (message.get("aux") or {}).get("ID")
        if image:
            self.image = image

    def _quiet(self, delivery: Delivery) -> None:
        """Nothing but the id; what was kept back is shown when the build fails."""
        from berth.cli.build.quiet import Kept

        with Kept() as kept:
            sending = Sending(kept.out)
            answer = delivery.start(lambda _count: None, sending.done)
            try:
                self._classic(answer, kept.out)
            except BuildFailed:
                self.cli.err.write_bytes(kept.content())
                raise
            said = kept.content().decode("utf-8", "replace").strip().rpartition("\n")[2]
        self.image = self.image or said
        self.out.line(self.image)

    def _tty(self, delivery: Delivery) -> None:
        from berth.cli.build.live import Live
        from berth.cli.build.view import look_of

        title = ", ".join(self.options.tag) or self.options.args[0]
        look = look_of(self.cli.env)
        live = Live(self.out, title, look)
        try:
            answer = delivery.start(live.sending, lambda count: None)
        except BaseException:
            live.abandon()
            raise
        if not delivery.events:
            live.abandon()
            sending = Sending(self.out)
            sending.done(delivery.sent)
            self._classic(answer, self.out)
            return
        live.state.context = _context_line(delivery)
        live.follow(answer)
        self._ended(live.state.end, live.state.failure)

    def _rawjson(self, delivery: Delivery) -> None:
        from berth.cli.build.rawjson import Translator

        answer = delivery.start(lambda _count: None, lambda _count: None)
        if not delivery.events:
            self._classic(answer, self.cli.err)
            return
        translator = Translator()
        end = failure = None
        for record in answer.json_lines():
            for line in translator.lines(record):
                self.cli.err.line(line)
            self.cli.err.flush()
            failure = record if record.get("kind") == "step_failed" else failure
            end = record if record.get("kind") in ("built", "failed") else end
        self._ended(end, failure)

    def _dry_run(self, answer: "Response") -> None:
        from berth.cli.build.dry import show_plan
        from berth.cli.build.state import BuildState

        state = BuildState(time.monotonic())
        for record in answer.json_lines():
            state.apply(record, time.monotonic())
        self._ended(state.end, state.failure)
        show_plan(self.out, state)

    def _ended(self, end: "dict[str, Any] | None", failure: "dict[str, Any] | None") -> None:
        """Take in the last record; BuildFailed when it is not one of success."""
        if end is None:
            raise BerthError("the daemon ended the build without a result")
        if end["kind"] == "built":
            self.image, self._record = end.get("image", ""), end
            return
        detail = failure or end
        self.container = detail.get("container") or ""
        code = end.get("code") or detail.get("code") or 1
        raise BuildFailed(end["message"], code, detail, hint=end.get("hint") or detail.get("hint"))

    def _show_line(self, problem: str) -> None:
        """The source around the line that an error of the Dockerfile names."""
        from berth.cli.build.failure import excerpt, local_excerpt

        line = _named_line(problem)
        if line and self.place.dockerfile is not None:
            colour = not self.cli.env.get("NO_COLOR") and self.cli.err.is_terminal()
            found = local_excerpt(self.place.dockerfile, self.place.name, line)
            for row in excerpt(found, colour=colour):
                self.cli.note(row)

    def _failed(self, failed: BuildFailed) -> int:
        """Show where and why, open the shell that was asked for, and end with the code."""
        from berth.cli.build.failure import find_step, local_excerpt, report
        from berth.cli.build.view import look_of

        detail = failed.detail
        if not detail.get("excerpt") and self.place.dockerfile:
            line, end_line = detail.get("line", 0), detail.get("end_line", 0)
            if not line and self.step:
                line, end_line = find_step(self.place.dockerfile, self.step)
            detail = {**detail, **local_excerpt(self.place.dockerfile, self.place.name, line, end_line)}
        if self.progress != "tty" or "kind" not in detail:
            # The classic form has shown the output and the command already.
            detail = {**detail, "output_tail": "", "command": "", "code": None}
        look = look_of(self.cli.env)
        colour = look.colour and self.cli.err.is_terminal()
        shell = self.options.shell_on_fail and bool(self.container)
        for row in report(detail, bar=look.bar, colour=colour, tried_shell=shell):
            self.cli.note(row)
        self.cli.note(str(failed))
        if failed.hint:
            self.cli.note(f"hint: {failed.hint}")
        if shell:
            from berth.cli.build.shell import open_shell

            open_shell(self.cli, self.container)
        raise Exit(min(failed.code, 255) if failed.code > 0 else 1)


def _named_line(problem: str) -> int:
    """N of "dockerfile parse error on line N: ...", 0 without one."""
    head, found, rest = problem.partition(" line ")
    number = rest.partition(":")[0]
    return int(number) if found and "parse error" in head and number.isdigit() else 0


def _form(cli: "Cli", options: "Options", out: Writer) -> str:
    """How the build is shown on ``out``."""
    chosen = options.progress
    if chosen == "auto" and not options.quiet:
        wanted = cli.env.get("BUILDKIT_PROGRESS", "")  # as buildx takes it
        chosen = wanted if wanted in ("plain", "rawjson", "quiet") else chosen
    if options.quiet or chosen in ("quiet", "none"):
        return "quiet"
    if chosen == "rawjson":
        return "rawjson"
    if chosen == "tty" and not out.is_terminal():
        raise BerthError("failed to get console: --progress=tty needs a terminal on standard output")
    if options.dry_run or chosen == "plain" or cli.env.get("TERM") == "dumb" or not out.is_terminal():
        return "plain"
    return "tty"


def _context_line(delivery: Delivery) -> str:
    from berth.base.units import human_size

    if not delivery.entries:
        return ""
    kept = delivery.entries - delivery.files
    if not delivery.files:
        return f"nothing sent, {kept} unchanged"
    many = "1 file" if delivery.files == 1 else f"{delivery.files} files"
    sent = f"{many} sent ({human_size(delivery.sent, 4)})"
    return f"{sent}, {kept} unchanged" if kept else sent
