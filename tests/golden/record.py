"""Fills the golden files with what Docker's own client prints; run by hand where it is installed.

``record.py [TOPIC...]`` runs ``docker`` against the answers of each topic and stores output and exit code.
``record.py --capture HOST PATH...`` prints the answers of a running daemon as a golden file keeps them.
The files hold facts only: answers of the API, and the client's output for them.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from replay import ReplayServer

HERE = Path(__file__).parent


def record(path: Path) -> None:
    """Run every case of one topic and write the file again."""
    topic = json.loads(path.read_text())
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        config.mkdir()
        with ReplayServer(f"{folder}/docker.sock", topic["api"]) as server:
            for case in topic["cases"]:
                config.joinpath("config.json").write_text(json.dumps(case.get("config", {})))
                server.now = int(time.time())
                case.update(_run(case["args"], server.path, config), recorded=server.now)
                if server.unknown:
                    print(path.stem, case["args"], "asked for", sorted(set(server.unknown)))
                    server.unknown.clear()
    path.write_text(json.dumps(topic, indent=1, ensure_ascii=False) + "\n")
    print(f"{path.stem}: {len(topic['cases'])} cases")


def _run(args: list[str], sock: str, config: Path) -> dict[str, Any]:
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC", "HOME": str(config),
        "DOCKER_CONFIG": str(config), "DOCKER_HOST": f"unix://{sock}",
    }  # fmt: skip
    done = subprocess.run(
        ["docker", *args], env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return {"stdout": done.stdout, "stderr": done.stderr, "code": done.returncode}


def capture(host: str, paths: list[str]) -> None:
    """Print the raw answers of a daemon (a unix socket's path) as a topic's ``api``."""
    answers = {}
    for path in paths:
        command = ["curl", "-s", "--unix-socket", host, "-w", "\n%{http_code}", f"http://d{path}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        text, _, status = done.stdout.rpartition("\n")
        answers[f"GET {path}"] = {"status": int(status), "text": text}
    print(json.dumps(answers, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--capture"]:
        capture(sys.argv[2], sys.argv[3:])
    else:
        for name in sys.argv[1:] or sorted(path.stem for path in HERE.glob("topics/*.json")):
            record(HERE / "topics" / f"{name}.json")
