"""Dockerfiles of the kind that people build, whole: built, run, and looked into.

Each goes through ``docker build`` of the stock client. What the classic builder of dockerd cannot read is
asked of berthd alone.
"""

import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.images import can_make_debian
from tests.support.offline import PATH, offline_debian, tar_gz
from tests.support.waiting import wait_until

NAME = "debian:offline"
TOOLCHAIN = "debian:toolchain"
CLASSIC = {"DOCKER_BUILDKIT": "0"}


@pytest.fixture(scope="module", autouse=True)
def base(engine: Engine) -> Iterator[None]:
    """A Debian with apt and pip that find things."""
    if reason := can_make_debian():
        pytest.skip(reason)
    engine.load(offline_debian(NAME))
    yield
    engine.api.delete(f"/images/{NAME}", force=True)


@pytest.fixture
def toolchain(engine: Engine) -> None:
    """A Debian with a C compiler; it goes with the test."""
    engine.load(offline_debian(TOOLCHAIN, include=("bash", "gcc", "libc6-dev", "make")))


@pytest.fixture
def image(docker: Client, tmp_path: Path, name: str) -> Callable[..., str]:
    """Build a directory of files; the name of the result."""

    def call(files: Mapping[str, str | bytes], *flags: str) -> str:
        for path, content in files.items():
            target = tmp_path / "context" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        words = ("build", "-t", f"{name}:1", *flags, str(tmp_path / "context"))
        done = docker(*words, env=CLASSIC, timeout=200)
        assert done.code == 0, done.out[-3000:] + done.err
        return f"{name}:1"

    return call


def served(engine: Engine, port: int, path: str = "") -> bytes:
    """What a published port answers, asked again until it does."""

    def ask() -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return bytes(answer.read())

    found: list[bytes] = []

    def answers() -> bool:
        try:
            found.append(engine.on_its_host(ask))
        except OSError:
            return False
        return True

    wait_until(answers, f"port {port} answers", timeout=20)
    return found[-1]


def published(docker: Client, container: str, port: str) -> int:
    return int(docker.ok("port", container, port).splitlines()[0].rpartition(":")[2])


def test_notebook_image(docker: Client, engine: Engine, image: Callable[..., str], name: str) -> None:
    """A Jupyter image: one user, many RUN steps that tidy up after themselves, an init, a served port."""
    dockerfile = """\
FROM debian:offline
LABEL maintainer="Jupyter Project <jupyter@googlegroups.com>"
ARG NB_USER="jovyan"
ARG NB_UID="1000"
ARG NB_GID="100"
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
USER root
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update --yes && \\
    apt-get install --yes --no-install-recommends \\
    # - tini is the entrypoint
    tini \\
    ca-certificates \\

    wget && \\
    apt-get clean && rm -rf /var/lib/apt/lists/*
ENV CONDA_DIR=/opt/conda \\
    SHELL=/bin/bash \\
    NB_USER="${NB_USER}" \\
    NB_UID=${NB_UID} \\
    NB_GID=${NB_GID} \\
    LC_ALL=C.UTF-8
ENV PATH="${CONDA_DIR}/bin:${PATH}" \\
    HOME="/home/${NB_USER}"
COPY fix-permissions /usr/local/bin/fix-permissions
RUN chmod a+rx /usr/local/bin/fix-permissions
RUN sed -i 's/^#force_color_prompt=yes/force_color_prompt=yes/' /etc/skel/.bashrc && \\
    echo "auth requisite pam_deny.so" >> /etc/pam.d/su && \\
    useradd -l -m -s /bin/bash -N -u "${NB_UID}" "${NB_USER}" && \\
    mkdir -p "${CONDA_DIR}" && \\
    chown "${NB_USER}:${NB_GID}" "${CONDA_DIR}" && \\
    chmod g+w /etc/passwd && \\
    fix-permissions "${HOME}" && \\
    fix-permissions "${CONDA_DIR}"
RUN apt-get update && apt-get install -y python3-pip && rm -rf /var/lib/apt/lists/*
USER ${NB_UID}
RUN mkdir "/home/${NB_USER}/work" && fix-permissions "/home/${NB_USER}"
WORKDIR /tmp
RUN pip install --no-cache-dir --user jupyter pandas && \\
    fix-permissions "/home/${NB_USER}"
EXPOSE 8888
COPY start-notebook.py /usr/local/bin/
ENTRYPOINT ["/usr/bin/env", "--"]
CMD ["python3", "/usr/local/bin/start-notebook.py"]
HEALTHCHECK --interval=3s --timeout=1s --start-period=3s --retries=3 CMD test -e /tmp/ready
WORKDIR "${HOME}"
"""
    start = """\
import http.server, os, jupyter, pandas
open("/tmp/ready", "w").close()
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.getuid()} {os.getcwd()} {os.environ['CONDA_DIR']}".encode())
    def log_message(self, *words): pass
http.server.HTTPServer(("0.0.0.0", 8888), Page).serve_forever()
"""
    fix = '#!/bin/bash\nset -e\nfor d in "$@"; do chgrp -R 100 "$d"; chmod -R g+rwX "$d"; done\n'
    tag = image({"Dockerfile": dockerfile, "start-notebook.py": start, "fix-permissions": fix})
    docker.ok("run", "-d", "--name", name, "-P", tag)
    assert served(engine, published(docker, name, "8888/tcp")) == b"1000 /home/jovyan /opt/conda"
    home = docker.ok("run", "--rm", tag, "stat", "-c", "%U:%g %a", "/home/jovyan/work")
    assert home == "jovyan:100 775"
    wait_until(
        lambda: docker.ok("inspect", "-f", "{{.State.Health.Status}}", name) == "healthy", "it is healthy"
    )


def test_cuda_layout(docker: Client, image: Callable[..., str]) -> None:
    """base, runtime and devel on top of one another, versions as arguments, links and linker settings."""
    dockerfile = """\
ARG CUDA_VERSION=12.4.1
FROM debian:offline AS base
ARG CUDA_VERSION
ENV NVARCH=x86_64 CUDA_VERSION=$CUDA_VERSION
ENV NVIDIA_REQUIRE_CUDA="cuda>=12.4 brand=tesla,driver>=470,driver<471"
LABEL maintainer="NVIDIA CORPORATION <cudatools@nvidia.com>" \\
      com.nvidia.cudnn.version="${CUDA_VERSION}"
RUN short=${CUDA_VERSION%.*} && mkdir -p /usr/local/cuda-$short/lib64 \\
    && ln -s cuda-$short /usr/local/cuda && ln -s /usr/local/cuda-$short /etc/cuda
RUN echo "/usr/local/cuda/lib64" >> /etc/ld.so.conf.d/nvidia.conf \\
    && echo "/usr/local/nvidia/lib" >> /etc/ld.so.conf.d/nvidia.conf
ENV PATH=/usr/local/nvidia/bin:/usr/local/cuda/bin:${PATH} \\
    LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64
COPY NGC-DL-CONTAINER-LICENSE /
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM base AS runtime
ENV NV_LIBS=cudart
COPY lib/ /usr/local/cuda/lib64/
RUN ldconfig
COPY entrypoint.d/ /opt/nvidia/entrypoint.d/
COPY nvidia_entrypoint.sh /opt/nvidia/
ENTRYPOINT ["/opt/nvidia/nvidia_entrypoint.sh"]

FROM runtime AS devel
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git \\
    && rm -rf /var/lib/apt/lists/*
ENV LIBRARY_PATH=/usr/local/cuda/lib64/stubs
"""
    files = {
        "Dockerfile": dockerfile,
        "NGC-DL-CONTAINER-LICENSE": "terms\n",
        "lib/libcudart.so.12": "library\n",
        "entrypoint.d/10-banner.sh": "echo == CUDA ==\n",
        "nvidia_entrypoint.sh": (
            '#!/bin/bash\nfor file in /opt/nvidia/entrypoint.d/*.sh; do source "$file"; done\nexec "$@"\n'
        ),
    }
    # A context from a checkout keeps modes; this one was written here.
    files["Dockerfile"] = dockerfile.replace(
        "ENTRYPOINT", "RUN chmod 755 /opt/nvidia/nvidia_entrypoint.sh\nENTRYPOINT"
    )
    tag = image(files, "--build-arg", "CUDA_VERSION=12.5.0")
    shown = docker.ok(
        "run",
        "--rm",
        tag,
        "sh",
        "-c",
        "echo $CUDA_VERSION $PATH; cat /usr/local/cuda/lib64/*; readlink /etc/cuda",
    )
    assert shown.splitlines() == [
        "== CUDA ==",
        f"12.5.0 /usr/local/nvidia/bin:/usr/local/cuda/bin:{PATH.removeprefix('PATH=')}",
        "library",
        "/usr/local/cuda-12.5",
    ]
    only_base = image(files, "--target", "base")
    entrypoint = docker.ok("inspect", "-f", "{{json .Config.Entrypoint}}", only_base)
    assert entrypoint == "null"


def test_compiled_in_stages(docker: Client, toolchain: None, image: Callable[..., str]) -> None:
    """A program compiled in one stage, tested in another, shipped alone on scratch."""
    dockerfile = """\
FROM debian:toolchain AS build
WORKDIR /src
COPY Makefile ./
COPY src/ src/
ARG VERSION=dev
RUN make VERSION="$VERSION"

FROM build AS test
RUN ./server --selftest | tee /report && grep -q ok /report

FROM scratch
COPY --from=build /src/server /bin/server
COPY --from=test /report /report
COPY --from=0 /etc/passwd /etc/passwd
USER 65534:65534
ENTRYPOINT ["/bin/server"]
CMD ["--version"]
"""
    files = {
        "Dockerfile": dockerfile,
        "Makefile": "server: src/main.c\n\tgcc -static -Os -DVERSION='\"$(VERSION)\"' -o $@ $<\n",
        "src/main.c": (
            "#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n"
            'int main(int n, char **a) { if (n > 1 && !strcmp(a[1], "--selftest")) puts("ok");\n'
            'else printf("server " VERSION " as %d\\n", (int)getuid()); return 0; }\n'
        ),
    }
    tag = image(files, "--build-arg", "VERSION=2.1")
    assert docker.ok("run", "--rm", tag) == "server 2.1 as 65534"
    assert docker.ok("inspect", "-f", "{{len .RootFS.Layers}}", tag) == "3"


def test_python_web_app(docker: Client, engine: Engine, image: Callable[..., str], name: str) -> None:
    """The order that tutorials teach: requirements first, then the code, then a user and a port."""
    dockerfile = """\
FROM debian:offline
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /code
RUN apt-get update && apt-get install -y python3-pip && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /code/
RUN pip install -r requirements.txt
COPY . /code/
RUN useradd --system --uid 999 app && chown -R app /code
USER app
EXPOSE 5000
CMD ["python3", "app.py"]
"""
    app = """\
import flask, http.server, pathlib
class Page(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(pathlib.Path("templates/index.html").read_bytes())
http.server.HTTPServer(("", 5000), Page).serve_forever()
"""
    files = {
        "Dockerfile": dockerfile,
        ".dockerignore": "# local things\n.git\n**/__pycache__\n*.log\n!keep.log\n.env*\n",
        "requirements.txt": "flask\npandas\n",
        "app.py": app,
        "templates/index.html": "<h1>first</h1>",
        ".env": "SECRET=1",
        "debug.log": "x",
        "keep.log": "x",
        "pkg/__pycache__/m.pyc": "x",
        ".git/config": "x",
    }
    tag = image(files)
    docker.ok("run", "-d", "--name", name, "-p", "5000", tag)
    assert served(engine, published(docker, name, "5000/tcp")) == b"<h1>first</h1>"
    assert docker.ok("exec", name, "sh", "-c", "ls -A; id -un").split() == [
        ".dockerignore", "Dockerfile", "app.py", "keep.log", "pkg", "requirements.txt", "templates", "app",
    ]  # fmt: skip
    # A change of the code leaves the installed modules in the cache.
    files["templates/index.html"] = "<h1>second</h1>"
    docker.ok("rm", "-f", name)
    docker.ok("run", "-d", "--name", name, "-p", "5000", image(files))
    assert served(engine, published(docker, name, "5000/tcp")) == b"<h1>second</h1>"


def test_training_image(docker: Client, image: Callable[..., str], tmp_path: Path) -> None:
    """An entrypoint script that prepares and then becomes the command; data outside; defaults as CMD."""
    dockerfile = """\
FROM debian:offline
MAINTAINER The ML team
ARG FRAMEWORK=torch
ENV FRAMEWORK=${FRAMEWORK} DATA_DIR=/data EPOCHS=3
RUN apt-get update \\
 && apt-get install -y python-pip \\
 && pip install ${FRAMEWORK}
ADD train.py entrypoint.sh /srv/train/
ADD model.tar.gz /srv/train/models/
VOLUME /data
WORKDIR /srv/train
STOPSIGNAL SIGINT
ENTRYPOINT ["bash", "/srv/train/entrypoint.sh"]
CMD ["python3", "train.py", "--lr", "0.1"]
"""
    files = {
        "Dockerfile": dockerfile,
        "entrypoint.sh": 'set -e\nmkdir -p "$DATA_DIR/runs"\necho "using $FRAMEWORK"\nexec "$@"\n',
        "train.py": (
            "import importlib, os, pathlib, sys\nimportlib.import_module(os.environ['FRAMEWORK'])\n"
            "weights = pathlib.Path('models/base/weights').read_text()\n"
            "pathlib.Path('/data/runs/log').write_text(weights)\nprint(os.environ['EPOCHS'], *sys.argv[1:])\n"
        ),
        "model.tar.gz": tar_gz({"base/weights": "1 2 3"}),
    }
    tag = image(files)
    data = tmp_path / "data"
    data.mkdir()
    shown = docker.ok("run", "--rm", "-v", f"{data}:/data", "-e", "EPOCHS=1", tag)
    assert shown.splitlines() == ["using torch", "1 --lr 0.1"]
    assert (data / "runs/log").read_text() == "1 2 3"
    assert docker.ok("run", "--rm", tag, "pwd").splitlines() == ["using torch", "/srv/train"]
    described = docker.ok("inspect", "-f", "{{.Config.StopSignal}} {{.Author}} {{json .Config.Volumes}}", tag)
    assert described == 'SIGINT The ML team {"/data":{}}'


def test_platform_image_with_triggers(docker: Client, image: Callable[..., str], engine: Engine) -> None:
    """What a platform team gives out: an image whose triggers install and check the child's code."""
    parent = """\
FROM debian:offline
RUN apt-get update && apt-get install -y python-pip
ONBUILD ARG MODULE=numpy
ONBUILD COPY . /srv/app
ONBUILD RUN pip install $MODULE && python3 -m compileall -q /srv/app
ONBUILD WORKDIR /srv/app
"""
    engine.api.request("POST", f"/images/{image({'Dockerfile': parent})}/tag", repo="platform", tag="1")
    child = "FROM platform:1\nCMD python3 main.py\n"
    tag = image(
        {"Dockerfile": child, "main.py": "import pandas; print('child')\n"}, "--build-arg", "MODULE=pandas"
    )
    assert docker.ok("run", "--rm", tag) == "child"
    assert docker.ok("inspect", "-f", "{{.Config.OnBuild}} {{.Config.WorkingDir}}", tag) == "[] /srv/app"


def test_static_site(docker: Client, engine: Engine, image: Callable[..., str], name: str) -> None:
    """A generator, then a server with its settings; one owner for all of it."""
    dockerfile = """\
FROM debian:offline AS generator
WORKDIR /site
COPY content ./content
RUN mkdir public && for f in content/*.md; do \\
      n=$(basename "$f" .md); \\
      sed 's/^# \\(.*\\)/<h1>\\1<\\/h1>/' "$f" > "public/$n.html"; \\
    done

FROM busybox
COPY --from=generator --chown=daemon:daemon /site/public /www
COPY --chown=1:1 httpd.conf /etc/httpd.conf
EXPOSE 80
CMD httpd -f -p 80 -h /www -c /etc/httpd.conf
"""
    files = {
        "Dockerfile": dockerfile,
        "content/index.md": "# Home\n",
        "content/about.md": "# About\n",
        "httpd.conf": ".html:text/html\n",
    }
    tag = image(files)
    docker.ok("run", "-d", "--name", name, "-P", tag)
    assert served(engine, published(docker, name, "80/tcp"), "about.html") == b"<h1>About</h1>\n"
    assert docker.ok(
        "exec", name, "stat", "-c", "%u:%g %n", "/www", "/www/index.html", "/etc/httpd.conf"
    ) == ("1:1 /www\n1:1 /www/index.html\n1:1 /etc/httpd.conf")


def test_wheel_cache(docker: Client, beyond: None, image: Callable[..., str]) -> None:
    """pip's cache as a mount, requirements bound and not copied, a virtual environment handed on."""
    dockerfile = """\
# syntax=docker/dockerfile:1
FROM debian:offline AS deps
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    apt-get update && apt-get install -y python3-pip
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache/pip \\
    --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \\
    pip install --target /app/site -r /tmp/requirements.txt && \\
    date +%s%N >> /root/.cache/pip/builds && wc -l < /root/.cache/pip/builds > /app/builds

FROM debian:offline
COPY --link --from=deps /app /app
COPY --chmod=0755 <<'EOF' /usr/local/bin/serve
#!/bin/sh
PYTHONPATH=/app/site exec python3 -c 'import flask; print("flask", flask.__version__)'
EOF
CMD ["serve"]
"""
    files = {"Dockerfile": dockerfile, "requirements.txt": "flask\n"}
    tag = image(files)
    assert docker.ok("run", "--rm", tag) == "flask 1.0"
    first = int(docker.ok("run", "--rm", tag, "cat", "/app/builds"))
    files["requirements.txt"] = f"flask\n# {time.time_ns()}\n"
    again = image(files)
    assert int(docker.ok("run", "--rm", again, "cat", "/app/builds")) == first + 1
    assert docker.ok(
        "run", "--rm", again, "sh", "-c", "ls -A /tmp /root/.cache 2>/dev/null; true"
    ).split() == ["/tmp:"]


def test_monorepo(docker: Client, beyond: None, image: Callable[..., str]) -> None:
    """Manifests of every package first (--parents), tests left out (--exclude), one target per service."""
    dockerfile = """\
FROM debian:offline AS deps
WORKDIR /repo
COPY --parents services/*/package.json libs/**/package.json ./
RUN find . -name package.json | sort > manifests

FROM deps AS source
COPY --parents --exclude=**/*_test.py --exclude=docs ./services ./libs ./

FROM source AS api
CMD ["cat", "services/api/main.py"]

FROM source AS worker
CMD ["sh", "-c", "cat manifests; find . -type f | sort"]
"""
    files = {
        "Dockerfile": dockerfile,
        "services/api/package.json": "{}",
        "services/api/main.py": "api",
        "services/api/main_test.py": "test",
        "services/worker/package.json": "{}",
        "libs/shared/deep/package.json": "{}",
        "libs/shared/deep/lib.py": "lib",
    }
    manifests = ["libs/shared/deep", "services/api", "services/worker"]
    shown = docker.ok("run", "--rm", image(files, "--target", "worker")).splitlines()
    assert shown[:3] == [f"./{path}/package.json" for path in manifests]
    assert [path for path in shown[3:] if not path.endswith("package.json")] == [
        "./libs/shared/deep/lib.py",
        "./manifests",
        "./services/api/main.py",
    ]
    assert docker.ok("run", "--rm", image(files, "--target", "api")) == "api"


def test_script_heavy(docker: Client, beyond: None, make: Maker) -> None:
    """Here-documents for scripts and settings, with and without expansion, and another interpreter."""
    dockerfile = """\
FROM debian:offline
ARG SERVICE=courier
WORKDIR /etc/$SERVICE
COPY <<main.cf <<"literal.cf" /etc/$SERVICE/
name = $SERVICE
main.cf
name = $SERVICE
literal.cf
RUN <<EOF
set -e
useradd -m -u 4242 $SERVICE
echo made by $(id -un) > log
EOF
RUN <<EOF python3
import pathlib
pathlib.Path("python").write_text(str(2 ** 10))
EOF
RUN <<-EOF
	#!/usr/bin/env bash
	words=(one two)
	echo "${#words[@]}" > count
EOF
CMD ["sh", "-c", "cat main.cf literal.cf log python; echo; cat count; id -u courier"]
"""
    shown = docker.ok("run", "--rm", make(dockerfile).image)
    assert shown.splitlines()[:6] == [
        "name = courier",
        "name = $SERVICE",
        "made by root",
        "1024",
        "2",
        "4242",
    ]
