"""All containers in memory: found by id, by name, or by the unique beginning of an id."""

from collections.abc import Iterator

from berth.base.errors import Conflict, InvalidArgument, NotFound
from berth.base.ids import is_hex
from berth.engine.container.cell import Cell

_NAME_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_NAME_REST = _NAME_FIRST | frozenset("_.-")


class Registry:
    """The engine's containers. Names are claimed before the first wait, so two creates cannot share one."""

    def __init__(self) -> None:
        self._cells: dict[str, Cell] = {}
        self._names: dict[str, str] = {}

    def __iter__(self) -> Iterator[Cell]:
        return iter(tuple(self._cells.values()))

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, cell: Cell) -> None:
        """Make a container findable."""
        self._cells[cell.id] = cell
        self._names[cell.record.name] = cell.id

    def remove(self, cell: Cell) -> None:
        """Forget a container and free its name."""
        self._cells.pop(cell.id, None)
        self.release(cell.record.name, cell.id)

    def claim(self, name: str, container_id: str) -> None:
        """Reserve ``name``; Conflict with Docker's words when somebody has it."""
        check_name(name)
        holder = self._names.get(name)
        if holder is not None:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )
        self._names[name] = container_id

    def release(self, name: str, container_id: str) -> None:
        """Give a claimed name back, unless another container has it by now."""
        if self._names.get(name) == container_id:
            del self._names[name]

    def has_name(self, name: str) -> bool:
        """Whether the name is taken."""
        return name in self._names

    def get(self, container_id: str) -> Cell | None:
        """The container with exactly this id."""
        return self._cells.get(container_id)

    def resolve(self, ref: str) -> Cell:
        """The container that a person means by ``ref``: full id, name, or unique beginning of an id."""
        if not ref:
            raise InvalidArgument("no container name or ID supplied")
        cell = self._cells.get(ref)
        if cell is None:
            holder = self._names.get(ref.removeprefix("/"))
            cell = self._cells.get(holder) if holder is not None else None
        if cell is None and is_hex(ref):
            matches = [self._cells[i] for i in self._cells if i.startswith(ref)]
            if len(matches) > 1:
                raise InvalidArgument(f"Multiple IDs found with provided prefix: {ref}")
            cell = matches[0] if matches else None
        if cell is None:
            raise NotFound(f"No such container: {ref}")
        return cell


def check_name(name: str) -> None:
    """Refuse names that Docker refuses."""
    if len(name) < 2 or name[0] not in _NAME_FIRST or not all(c in _NAME_REST for c in name):
        raise InvalidArgument(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
