"""SIGHUP: the settings that may change while the daemon runs."""

from msgspec.structs import replace

from berth.daemon.config import Config
from berth.daemon.settings import make_settings
from berth.engine.engine import Engine


def reload_engine(engine: Engine, config: Config) -> dict[str, str]:
    """Apply the reloadable part of ``config``; returns what is in force now, for the event.

    Raises InvalidArgument, with nothing changed, when the runtimes or registries make no sense. A file that
    leaves ``default-runtime`` out keeps the one in force, as in dockerd.
    """
    old = engine.settings
    fresh = make_settings(config, old.data_root, old.exec_root)
    default = fresh.default_runtime or old.default_runtime
    runtimes = engine.runtimes.replaced(fresh.runtimes, default)
    engine.registries.reconfigure(
        replace(
            engine.registries.settings,
            insecure=fresh.insecure_registries,
            mirrors=fresh.registry_mirrors,
        )
    )
    engine.settings = replace(
        old,
        default_runtime=default,
        runtimes=fresh.runtimes,
        labels=fresh.labels,
        debug=fresh.debug,
        default_ulimits=fresh.default_ulimits,
        default_shm_size=fresh.default_shm_size,
        shutdown_timeout_s=fresh.shutdown_timeout_s,
        stop_containers_on_exit=fresh.stop_containers_on_exit,
        insecure_registries=fresh.insecure_registries,
        registry_mirrors=fresh.registry_mirrors,
    )
    engine.runtimes = runtimes
    engine.warnings[:] = config.warnings
    return {
        "default-runtime": runtimes.default,
        "runtimes": " ".join(sorted(runtimes.listed())),
        "labels": ",".join(fresh.labels),
        "debug": str(fresh.debug).lower(),
        "live-restore": str(not fresh.stop_containers_on_exit).lower(),
    }
