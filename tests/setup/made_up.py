"""Made-up packages and an index of them on this machine, for locks that install in a second."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from local.children import HOST
from local.places import PROJECT

# As pytest-cov and coverage: one asks for an extra of the other, which the lock needn't name.
NEEDS = {
    "alpha": ("Requires-Dist: beta[extra]>=1",),
    "beta": ("Provides-Extra: extra",),
    "gamma": ("Requires-Dist: alpha",),
}
NEWEST = "2.0"
LOCKED = "1.0"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        pass


def wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any") -> Path:
    """Write a wheel whose module holds its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"version = '{version}'\n",
        f"{about}/METADATA": "\n".join(
            ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *NEEDS.get(name, ()), "", "")
        ),
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: made-up\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{file},,\n" for file in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(path, "w") as packed:
        for file, text in {**files, f"{about}/RECORD": record}.items():
            packed.writestr(zipfile.ZipInfo(file), text)
    return path


def pages(folder: Path) -> Path:
    """Write an index (PEP 503) on which everything has a newer release than the locked one."""
    for name in NEEDS:
        wheels = [wheel(folder / name, name, version) for version in (LOCKED, NEWEST)]
        links = "".join(f'<a href="{each.name}">{each.name}</a>\n' for each in wheels)
        (folder / name / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the index while the context lasts."""
    with http.server.ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}/"
        server.shutdown()


def lock(path: Path, index: Path, *names: str) -> Path:
    """Write a lock of the packages, and the wishes it is made from."""
    path.with_suffix(".in").write_text("".join(f"{name}  # a wish\n" for name in names))
    lines = []
    for name in names:
        (built,) = (index / name).glob(f"{name}-{LOCKED}-*.whl")
        lines.append(
            f"{name}=={LOCKED} \\\n    --hash=sha256:{hashlib.sha256(built.read_bytes()).hexdigest()}\n"
        )
    path.write_text("".join(lines))
    return path


def variables(index: str, **more: str) -> Mapping[str, str]:
    """Return a shell in which pip knows one index."""
    return {"HOME": os.environ.get("HOME", "/"), "PATH": os.environ["PATH"], "PIP_INDEX_URL": index, **more}


def project(folder: Path, index: Path) -> Path:
    """Make a checkout of this code whose locks name made-up packages: `run` two of them, `dev` all."""
    folder.mkdir(parents=True)
    for name in ("local", "tools", "infra"):
        shutil.copytree(
            PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*")
        )
    shutil.copyfile(PROJECT / "Makefile", folder / "Makefile")
    lock(folder / "requirements-run.txt", index, "alpha", "beta")
    lock(folder / "requirements-dev.txt", index, "alpha", "beta", "gamma")
    return folder


def ran(*words: str, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one of our own commands, or pip, to its end."""
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - named by the test


def started(*words: str, folder: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start one of our own commands in a process group of its own, and talk to it."""
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - named by the test
        words, cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def line(stream: IO[str] | None) -> str:
    """Return the next line that a started command writes."""
    assert stream is not None
    return stream.readline()
