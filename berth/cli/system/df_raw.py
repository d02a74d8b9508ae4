"""``system df -v --format raw``: one template over all kinds."""

from berth.cli.container import list as containers
from berth.cli.image import list as images

_CACHE = """build_cache_id: {{.ID}}
parent_id: {{.Parent}}
build_cache_type: {{.CacheType}}
description: {{.Description}}
created_at: {{.CreatedAt}}
created_since: {{.CreatedSince}}
last_used_at: {{.LastUsedAt}}
last_used_since: {{.LastUsedSince}}
usage_count: {{.UsageCount}}
in_use: {{.InUse}}
shared: {{.Shared}}
"""


def _section(field: str, title: str, body: str) -> str:
    return f"{{{{range .{field}}}}}type: {title}\n{body}\n{{{{end -}}}}"


VERBOSE_RAW = "\n".join((
    _section("Images", "Image", images.raw_format(digests=True)),
    _section("Containers", "Container", containers.raw_format(size=True)),
    _section("Volumes", "Volume", "name: {{.Name}}\\ndriver: {{.Driver}}\\n"),
    _section("BuildCache", "Build Cache", _CACHE),
))  # fmt: skip
