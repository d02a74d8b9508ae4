"""Every command's name, the module that holds it, and its line in the lists of help.

The one place where names become modules: a module is imported only when its verb is called. Modules are
named below ``berth.cli``. Order is that of Docker's lists.
"""

ATTACH = ("container.attach", "Attach local standard input, output, and error streams to a running container")
BUILD = ("image.build", "Build an image from a Dockerfile")
COMMIT = ("container.commit", "Create a new image from a container's changes")
CP = ("container.cp", "Copy files/folders between a container and the local filesystem")
CREATE = ("container.create", "Create a new container")
DIFF = ("container.diff", "Inspect changes to files or directories on a container's filesystem")
EVENTS = ("system.events", "Get real time events from the server")
EXEC = ("container.exec", "Execute a command in a running container")
EXPORT = ("container.export", "Export a container's filesystem as a tar archive")
HISTORY = ("image.history", "Show the history of an image")
IMPORT = ("image.import_", "Import the contents from a tarball to create a filesystem image")
INFO = ("system.info", "Display system-wide information")
KILL = ("container.kill", "Kill one or more running containers")
LOAD = ("image.load", "Load an image from a tar archive or STDIN")
LOGS = ("container.logs", "Fetch the logs of a container")
PAUSE = ("container.pause", "Pause all processes within one or more containers")
PORT = ("container.port", "List port mappings or a specific mapping for the container")
PS = ("container.list", "List containers")
PULL = ("image.pull", "Download an image from a registry")
PUSH = ("image.push", "Upload an image to a registry")
RENAME = ("container.rename", "Rename a container")
RESTART = ("container.restart", "Restart one or more containers")
RM = ("container.rm", "Remove one or more containers")
RUN = ("container.run", "Create and run a new container from an image")
SAVE = ("image.save", "Save one or more images to a tar archive (streamed to STDOUT by default)")
START = ("container.start", "Start one or more stopped containers")
STATS = ("container.stats", "Display a live stream of container(s) resource usage statistics")
STOP = ("container.stop", "Stop one or more running containers")
TAG = ("image.tag", "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE")
TOP = ("container.top", "Display the running processes of a container")
UNPAUSE = ("container.unpause", "Unpause all processes within one or more containers")
UPDATE = ("container.update", "Update configuration of one or more containers")
WAIT = ("container.wait", "Block until one or more containers stop, then print their exit codes")

COMMON = {
    "run": RUN,
    "exec": EXEC,
    "ps": PS,
    "build": BUILD,
    "pull": PULL,
    "push": PUSH,
    "images": ("image.list", "List images"),
    "login": ("system.login", "Authenticate to a registry"),
    "logout": ("system.logout", "Log out from a registry"),
    "search": ("system.search", "Search Docker Hub for images"),
    "version": ("system.version", "Show the Docker version information"),
    "info": INFO,
}
COMMANDS = {
    "attach": ATTACH,
    "commit": COMMIT,
    "cp": CP,
    "create": CREATE,
    "diff": DIFF,
    "events": EVENTS,
    "export": EXPORT,
    "history": HISTORY,
    "import": IMPORT,
    "inspect": ("inspect", "Return low-level information on Docker objects"),
    "kill": KILL,
    "load": LOAD,
    "logs": LOGS,
    "pause": PAUSE,
    "port": PORT,
    "rename": RENAME,
    "restart": RESTART,
    "rm": RM,
    "rmi": ("image.rm", "Remove one or more images"),
    "save": SAVE,
    "start": START,
    "stats": STATS,
    "stop": STOP,
    "tag": TAG,
    "top": TOP,
    "unpause": UNPAUSE,
    "update": UPDATE,
    "wait": WAIT,
}

# Found by name, not listed in help.
HIDDEN = {
    "completion": ("completion", "Print the completion script of a shell"),
    "__complete": ("complete", "Print what could stand in place of the last word"),
}

# group: (its line in help, its commands)
GROUPS = {
    "builder": (
        "Manage builds",
        {
            "build": BUILD,
            "du": ("builder.du", "Disk usage"),
            "prune": ("builder.prune", "Remove build cache"),
        },
    ),
    "buildx": (
        "Build images, by the name of Docker's plugin",
        {
            "build": BUILD,
            "du": ("builder.du", "Disk usage"),
            "prune": ("builder.prune", "Remove build cache"),
        },
    ),
    "container": (
        "Manage containers",
        {
            "attach": ATTACH,
            "commit": COMMIT,
            "cp": CP,
            "create": CREATE,
            "diff": DIFF,
            "exec": EXEC,
            "export": EXPORT,
            "inspect": ("container.inspect", "Display detailed information on one or more containers"),
            "kill": KILL,
            "logs": LOGS,
            "ls": PS,
            "pause": PAUSE,
            "port": PORT,
            "prune": ("container.prune", "Remove all stopped containers"),
            "rename": RENAME,
            "restart": RESTART,
            "rm": RM,
            "run": RUN,
            "start": START,
            "stats": STATS,
            "stop": STOP,
            "top": TOP,
            "unpause": UNPAUSE,
            "update": UPDATE,
            "wait": WAIT,
        },
    ),
    "context": (
        "Manage contexts",
        {
            "create": ("contexts.create", "Create a context"),
            "inspect": ("contexts.inspect", "Display detailed information on one or more contexts"),
            "ls": ("contexts.list", "List contexts"),
            "rm": ("contexts.rm", "Remove one or more contexts"),
            "show": ("contexts.show", "Print the name of the current context"),
            "use": ("contexts.use", "Set the current docker context"),
        },
    ),
    "image": (
        "Manage images",
        {
            "bootstrap": ("image.bootstrap", "Make a base image from the distribution's own packages"),
            "build": BUILD,
            "history": HISTORY,
            "import": IMPORT,
            "inspect": ("image.inspect", "Display detailed information on one or more images"),
            "load": LOAD,
            "ls": ("image.list", "List images"),
            "prune": ("image.prune", "Remove unused images"),
            "pull": PULL,
            "push": PUSH,
            "rm": ("image.rm", "Remove one or more images"),
            "save": SAVE,
            "tag": TAG,
        },
    ),
    "manifest": (
        "Manage Docker image manifests and manifest lists",
        {
            "annotate": (
                "manifest.annotate",
                "Add additional information to a local image manifest",
            ),
            "create": (
                "manifest.create",
                "Create a local manifest list for annotating and pushing to a registry",
            ),
            "inspect": ("manifest.inspect", "Display an image manifest, or manifest list"),
            "push": ("manifest.push", "Push a manifest list to a repository"),
            "rm": ("manifest.rm", "Delete one or more manifest lists from local storage"),
        },
    ),
    "network": (
        "Manage networks",
        {
            "connect": ("network.connect", "Connect a container to a network"),
            "create": ("network.create", "Create a network"),
            "disconnect": ("network.disconnect", "Disconnect a container from a network"),
            "inspect": ("network.inspect", "Display detailed information on one or more networks"),
            "ls": ("network.list", "List networks"),
            "prune": ("network.prune", "Remove all unused networks"),
            "rm": ("network.rm", "Remove one or more networks"),
        },
    ),
    "system": (
        "Manage Docker",
        {
            "df": ("system.df", "Show docker disk usage"),
            "events": EVENTS,
            "info": INFO,
            "install-aliases": ("system.aliases", "Make this client answer to docker and nvidia-docker too"),
            "prune": ("system.prune", "Remove unused data"),
        },
    ),
    "volume": (
        "Manage volumes",
        {
            "create": ("volume.create", "Create a volume"),
            "inspect": ("volume.inspect", "Display detailed information on one or more volumes"),
            "ls": ("volume.list", "List volumes"),
            "prune": ("volume.prune", "Remove unused local volumes"),
            "rm": ("volume.rm", "Remove one or more volumes"),
        },
    ),
}

# Other spellings inside a group: group -> alias -> name.
GROUP_ALIASES = {
    "container": {"list": "ls", "ps": "ls", "remove": "rm"},
    "context": {"list": "ls", "remove": "rm"},
    "image": {"list": "ls", "remove": "rm"},
    "network": {"list": "ls", "remove": "rm"},
    "volume": {"list": "ls", "remove": "rm"},
}
