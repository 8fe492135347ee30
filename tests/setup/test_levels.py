"""What a target of the Makefile imports is in the environment that it asks for."""

import os
import re
import sys

import pytest

from local.places import PROJECT
from tests.setup import made_up

MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
LEVEL = re.compile(r"^([a-z -]+): LEVEL := (?:run|look)$", re.MULTILINE)
TARGETS = [target for found in LEVEL.finditer(MAKEFILE) for target in found[1].split()]
PIN = re.compile(r"^([\w.-]+)==", re.MULTILINE)
IMPORT = """
import importlib, sys
from importlib.metadata import packages_distributions
there = set(sys.argv[2].split())
plain = lambda name: name.lower().replace("_", "-")
class Missing:
    missing = {
        module
        for module, packages in packages_distributions().items()
        if module.isidentifier() and not there & {plain(name) for name in packages}
    }
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
importlib.import_module(sys.argv[1])
if sys.argv[1] == "local.__main__":
    import local.audit, local.drill, local.invoke, local.keys, local.operate, local.stack
print("pytest" in Missing.missing)
"""


def module_of(target: str) -> str:
    recipe = re.search(rf"^{target}: .*\n\t@\$\(RUN\) -m (\S+)", MAKEFILE, re.MULTILINE)
    assert recipe, target
    package = PROJECT.joinpath(*recipe[1].split("."))
    return f"{recipe[1]}.__main__" if package.is_dir() else recipe[1]


@pytest.mark.parametrize("module", sorted({module_of(target) for target in TARGETS}))
def test_what_runs_without_the_tools_of_tests_needs_none_of_them(module: str) -> None:
    there = " ".join(PIN.findall((PROJECT / "requirements-run.txt").read_text(encoding="utf-8")))
    done = made_up.ran(sys.executable, "-c", IMPORT, module, there, folder=PROJECT, env=os.environ)
    assert done.stdout == "True\n", done.stderr
