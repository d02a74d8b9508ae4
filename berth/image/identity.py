"""Chain ids: names for a stack of layers (OCI image-spec, config.md, "Layer ChainID")."""

from collections.abc import Iterable

from berth.base.digest import Digest, sha256


def chain_ids(diff_ids: Iterable[Digest]) -> tuple[Digest, ...]:
    """The chain id after each layer, the base first."""
    chains: list[Digest] = []
    for diff_id in diff_ids:
        chains.append(sha256(f"{chains[-1]} {diff_id}".encode()) if chains else diff_id)
    return tuple(chains)
