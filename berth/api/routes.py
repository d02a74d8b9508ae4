"""Every endpoint that is served, in one table."""

from berth.api.build import build as build_build
from berth.api.build import cancel as build_cancel
from berth.api.build import inputs as build_inputs
from berth.api.build import prune as build_prune
from berth.api.container import archive as container_archive
from berth.api.container import attach as container_attach
from berth.api.container import attach_ws as container_attach_ws
from berth.api.container import commit as container_commit
from berth.api.container import create as container_create
from berth.api.container import diff as container_diff
from berth.api.container import export as container_export
from berth.api.container import inspect as container_inspect
from berth.api.container import kill as container_kill
from berth.api.container import list as container_list
from berth.api.container import logs as container_logs
from berth.api.container import pause as container_pause
from berth.api.container import prune as container_prune
from berth.api.container import rename as container_rename
from berth.api.container import resize as container_resize
from berth.api.container import restart as container_restart
from berth.api.container import rm as container_rm
from berth.api.container import start as container_start
from berth.api.container import stats as container_stats
from berth.api.container import stop as container_stop
from berth.api.container import top as container_top
from berth.api.container import unpause as container_unpause
from berth.api.container import update as container_update
from berth.api.container import wait as container_wait
from berth.api.distribution import inspect as distribution_inspect
from berth.api.exec import create as exec_create
from berth.api.exec import inspect as exec_inspect
from berth.api.exec import resize as exec_resize
from berth.api.exec import start as exec_start
from berth.api.image import bootstrap as image_bootstrap
from berth.api.image import create as image_create
from berth.api.image import history as image_history
from berth.api.image import inspect as image_inspect
from berth.api.image import list as image_list
from berth.api.image import load as image_load
from berth.api.image import prune as image_prune
from berth.api.image import push as image_push
from berth.api.image import rm as image_rm
from berth.api.image import save as image_save
from berth.api.image import search as image_search
from berth.api.image import tag as image_tag
from berth.api.manifest import inspect as manifest_inspect
from berth.api.manifest import push as manifest_push
from berth.api.network import connect as network_connect
from berth.api.network import create as network_create
from berth.api.network import disconnect as network_disconnect
from berth.api.network import inspect as network_inspect
from berth.api.network import list as network_list
from berth.api.network import prune as network_prune
from berth.api.network import rm as network_rm
from berth.api.plugin import list as plugins
from berth.api.router import Route
from berth.api.swarm import refuse as swarm
from berth.api.system import auth as system_auth
from berth.api.system import df as system_df
from berth.api.system import events as system_events
from berth.api.system import info as system_info
from berth.api.system import ping as system_ping
from berth.api.system import version as system_version
from berth.api.volume import create as volume_create
from berth.api.volume import inspect as volume_inspect
from berth.api.volume import list as volume_list
from berth.api.volume import prune as volume_prune
from berth.api.volume import rm as volume_rm

SYSTEM = (
    Route("GET", "/_ping", system_ping.handle),
    Route("HEAD", "/_ping", system_ping.handle),
    Route("GET", "/version", system_version.handle),
    Route("GET", "/info", system_info.handle),
    Route("GET", "/events", system_events.handle),
    Route("GET", "/system/df", system_df.handle, (1, 25)),
    Route("POST", "/auth", system_auth.handle),
)

CONTAINERS = (
    Route("GET", "/containers/json", container_list.handle),
    Route("POST", "/containers/create", container_create.handle),
    Route("POST", "/containers/prune", container_prune.handle, (1, 25)),
    Route("GET", "/berth/containers/prune", container_prune.handle),
    Route("POST", "/commit", container_commit.handle),
    Route("GET", "/containers/{name}/json", container_inspect.handle),
    Route("GET", "/containers/{name}/top", container_top.handle),
    Route("GET", "/containers/{name}/logs", container_logs.handle),
    Route("GET", "/containers/{name}/changes", container_diff.handle),
    Route("GET", "/containers/{name}/export", container_export.handle),
    Route("GET", "/containers/{name}/stats", container_stats.handle),
    Route("GET", "/containers/{name}/attach/ws", container_attach_ws.handle),
    Route("HEAD", "/containers/{name}/archive", container_archive.head),
    Route("GET", "/containers/{name}/archive", container_archive.get),
    Route("PUT", "/containers/{name}/archive", container_archive.put),
    Route("POST", "/containers/{name}/start", container_start.handle),
    Route("POST", "/containers/{name}/stop", container_stop.handle),
    Route("POST", "/containers/{name}/restart", container_restart.handle),
    Route("POST", "/containers/{name}/kill", container_kill.handle),
    Route("POST", "/containers/{name}/update", container_update.handle),
    Route("POST", "/containers/{name}/rename", container_rename.handle),
    Route("POST", "/containers/{name}/pause", container_pause.handle),
    Route("POST", "/containers/{name}/unpause", container_unpause.handle),
    Route("POST", "/containers/{name}/attach", container_attach.handle),
    Route("POST", "/containers/{name}/wait", container_wait.handle),
    Route("POST", "/containers/{name}/resize", container_resize.handle),
    Route("POST", "/containers/{name}/exec", exec_create.handle),
    Route("DELETE", "/containers/{name}", container_rm.handle),
    Route("POST", "/exec/{name}/start", exec_start.handle),
    Route("POST", "/exec/{name}/resize", exec_resize.handle),
    Route("GET", "/exec/{name}/json", exec_inspect.handle),
)

IMAGES = (
    Route("GET", "/images/json", image_list.handle),
    Route("GET", "/images/get", image_save.handle),
    Route("GET", "/images/search", image_search.handle),
    Route("POST", "/images/create", image_create.handle),
    Route("POST", "/images/load", image_load.handle),
    Route("POST", "/images/prune", image_prune.handle, (1, 25)),
    Route("GET", "/berth/images/prune", image_prune.handle),
    Route("GET", "/images/{name}/json", image_inspect.handle),
    Route("GET", "/images/{name}/history", image_history.handle),
    Route("GET", "/images/{name}/get", image_save.handle),
    Route("GET", "/images/{name}/attestations", image_inspect.attestations, (1, 55)),
    Route("POST", "/images/{name}/tag", image_tag.handle),
    Route("POST", "/images/{name}/push", image_push.handle),
    Route("DELETE", "/images/{name}", image_rm.handle),
    Route("GET", "/distribution/{name}/json", distribution_inspect.handle, (1, 30)),
    Route("GET", "/berth/manifests/{name}", manifest_inspect.handle),
    Route("PUT", "/berth/manifests/{name}", manifest_push.handle),
    Route("POST", "/berth/images/bootstrap", image_bootstrap.handle),
)

BUILDS = (
    Route("POST", "/build", build_build.handle),
    Route("POST", "/build/prune", build_prune.handle, (1, 31)),
    Route("POST", "/build/cancel", build_cancel.handle),
    Route("POST", "/berth/contexts", build_inputs.offer),
    Route("POST", "/berth/contexts/{name}/files", build_inputs.fill),
    Route("GET", "/berth/images/{name}/files", build_inputs.files),
)

VOLUMES = (
    Route("GET", "/volumes", volume_list.handle),
    Route("POST", "/volumes/create", volume_create.handle),
    Route("POST", "/volumes/prune", volume_prune.handle, (1, 25)),
    Route("GET", "/berth/volumes/prune", volume_prune.handle),
    Route("GET", "/volumes/{name}", volume_inspect.handle),
    Route("PUT", "/volumes/{name}", volume_create.update, (1, 42)),
    Route("DELETE", "/volumes/{name}", volume_rm.handle),
)

NETWORKS = (
    Route("GET", "/networks", network_list.handle),
    Route("GET", "/networks/", network_list.handle),
    Route("POST", "/networks/create", network_create.handle),
    Route("POST", "/networks/prune", network_prune.handle, (1, 25)),
    Route("GET", "/berth/networks/prune", network_prune.handle),
    Route("GET", "/networks/{name}", network_inspect.handle),
    Route("POST", "/networks/{name}/connect", network_connect.handle),
    Route("POST", "/networks/{name}/disconnect", network_disconnect.handle),
    Route("DELETE", "/networks/{name}", network_rm.handle),
)

PLUGINS = (
    Route("GET", "/plugins", plugins.handle, (1, 25)),
    Route("GET", "/plugins/{name}/json", plugins.missing, (1, 25)),
    Route("DELETE", "/plugins/{name}", plugins.missing, (1, 25)),
    Route("POST", "/plugins/{name}", plugins.refuse, (1, 25)),
)

SWARM = (
    Route("POST", "/swarm/init", swarm.join),
    Route("POST", "/swarm/join", swarm.join),
    Route("POST", "/swarm/leave", swarm.leave),
    *(
        Route(method, path, swarm.handle)
        for subject in ("swarm", "services", "nodes", "tasks", "secrets", "configs")
        for method in ("GET", "POST", "DELETE")
        for path in (f"/{subject}", f"/{subject}/{{name}}")
    ),
)

ROUTES: tuple[Route, ...] = (*SYSTEM, *CONTAINERS, *IMAGES, *BUILDS, *VOLUMES, *NETWORKS, *PLUGINS, *SWARM)
