"""A small program to put into an image: tells where it runs; with ``serve``, as a page on port 8000."""

import os
import platform
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


def limit() -> str:
    """The memory limit that the kernel holds this process to."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as file:
                text = file.read().strip()
        except OSError:
            continue
        return f"{int(text) >> 20} MiB" if text.isdigit() and int(text) < 1 << 50 else "none"
    return "unknown"


def greeting() -> str:
    """Three lines about the place."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "an unknown system")
    return (
        f"Hello from Python {platform.python_version()} on {system}.\n"
        f"I am process {os.getpid()} of container {platform.node()}, user {os.getuid()}.\n"
        f"Memory limit: {limit()}.\n"
    )


class Page(BaseHTTPRequestHandler):
    """Answers every request with the greeting."""

    def do_GET(self) -> None:
        body = greeting().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        print("listening on port 8000", flush=True)
        HTTPServer(("", 8000), Page).serve_forever()
    print(greeting(), end="")
