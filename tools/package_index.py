"""Where packages come from: what the user's pip is told about indexes, and nothing else of its settings.

An installation from a lock has one result. So pip's settings that say how to install (user, target, dry-run,
constraint, no-binary...) play no part, but those that say where packages are, and how to get there, do.
"""

import ast
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from local.shell import ours

WHERE: Final = frozenset(
    {"index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy"}
    | {"timeout", "default-timeout", "retries", "keyring-provider", "cache-dir", "no-cache-dir"}
)
HOW_TO_CONNECT: Final = {"use-feature": "truststore", "use-deprecated": "legacy-certs"}
LINE: Final = re.compile(r"(?P<section>[^.]+)\.(?P<name>[^=]+)=(?P<value>.*)")
SECTIONS: Final = ("global", "install", ":env:")  # what pip install reads; a later one wins
PLAIN: Final = {"PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0", "PIP_QUIET": "0", "PIP_VERBOSE": "0"}


class IndexSettingsError(Exception):
    """pip can't read its settings; the message is pip's."""


def pip_variables(python: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """Return all variables for a pip that installs from a lock; `python` has one that reads its settings.

    Raises: IndexSettingsError.
    """
    kept = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in where(python, outer).items()}
    return {
        **without_pip(ours(outer)),
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_ROOT_USER_ACTION": "ignore",
    }


def where(python: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """Return where packages are and how to get there, in pip's names. Raises: IndexSettingsError."""
    variables = without_pip(ours(outer))
    given = {name: value for name, value in outer.items() if name == "PIP_CONFIG_FILE"}
    words = (str(python), "-m", "pip", "--disable-pip-version-check", "config", "list")
    done = subprocess.run(
        words, env={**variables, **given, **PLAIN}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise IndexSettingsError(" ".join((done.stderr or done.stdout).split()))
    return dict(_kept(done.stdout, outer))


def _kept(listed: str, outer: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    found = [line for line in map(LINE.fullmatch, listed.splitlines()) if line]
    settings = [
        (line["name"], str(ast.literal_eval(line["value"])))
        for section in SECTIONS[:-1]
        for line in found
        if line["section"] == section
    ]
    settings += [
        (name.removeprefix("PIP_").lower().replace("_", "-"), value)
        for name, value in outer.items()
        if name.startswith("PIP_")
    ]
    for name, value in settings:
        if value and (name in WHERE or HOW_TO_CONNECT.get(name) == value):
            yield name, value


def without_pip(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that don't configure pip."""
    return {name: value for name, value in variables.items() if not name.startswith("PIP_")}


def without_how(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that tell pip how to install; where packages are stays known."""
    kept = {f"PIP_{name.upper().replace('-', '_')}" for name in (*WHERE, *HOW_TO_CONNECT, "config-file")}
    return {name: value for name, value in variables.items() if not name.startswith("PIP_") or name in kept}
