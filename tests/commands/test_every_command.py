"""Every target, subcommand and command that a page shows is on the list, with a test that types it."""

import ast
import re
from collections.abc import Iterator

import pytest

import app
from local.__main__ import parser
from local.places import PROJECT
from tests.commands import copying, shown
from tests.commands.listed import COMMANDS, ELSEWHERE
from tools.release.__main__ import ACTS

TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
STEP = re.compile(r"^step ([a-z-]+) ", re.MULTILINE)
UNKNOWN = "--no-such-option"
SHOWN = tuple(shown.commands())
WITH_OPTIONS = sorted(
    {
        command.words
        for command in SHOWN
        if command.words[0] == "make" and any("=" in word for word in command.words[1:])
    }
)
PLACEHOLDER = "=..."  # stands for any value
EXAMPLES = {"PROVIDER=acme"}  # of something that isn't here


def is_example(word: str) -> bool:
    return word in EXAMPLES or (word.endswith(PLACEHOLDER) and "USER_ID" not in word)


def targets() -> set[str]:
    return set(TARGET.findall((PROJECT / "Makefile").read_text(encoding="utf-8")))


def test_every_target_is_on_the_list() -> None:
    assert {f"make {target}" for target in targets()} == {
        name for name in COMMANDS if name.startswith("make ")
    }


def test_every_target_is_phony_and_explained() -> None:
    text = (PROJECT / "Makefile").read_text(encoding="utf-8")
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:"))
    assert set(phony.split()[1:]) == targets()
    assert set(re.findall(r"^([a-z][a-z-]*):[^\n]* ## ", text, re.MULTILINE)) == targets() - {
        "python",
        "venv",
    }


def test_every_subcommand_of_the_local_stack_is_on_the_list() -> None:
    (commands,) = (action.choices for action in parser()._actions if action.dest == "command")
    assert commands
    assert {f"local {name}" for name in commands} == {name for name in COMMANDS if name.startswith("local ")}


def test_every_act_of_a_release_is_on_the_list() -> None:
    listed = {name for name in COMMANDS if name.startswith("tools.release ")}
    assert {f"tools.release {act}" for act in ACTS} == listed


def test_every_command_of_a_page_is_on_the_list() -> None:
    unknown = {(command.page, command.key) for command in SHOWN if command.key not in {*COMMANDS, *ELSEWHERE}}
    assert unknown == set()


def test_what_nobody_can_type_here_is_shown_somewhere_and_never_tried_too() -> None:
    assert ELSEWHERE.keys() <= {command.key for command in SHOWN}
    assert not ELSEWHERE.keys() & COMMANDS.keys()


def ids() -> Iterator[str]:
    for tests in COMMANDS.values():
        yield from tests


@pytest.mark.parametrize("named", sorted(set(ids())))
def test_every_test_that_the_list_names_exists(named: str) -> None:
    if named.startswith(".ci/run "):
        steps = STEP.findall((PROJECT / ".ci" / "run").read_text(encoding="utf-8"))
        assert named.removeprefix(".ci/run ") in steps
        return
    file, _, name = named.partition("::")
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name in functions if name else any(each.startswith("test_") for each in functions)


def test_every_function_that_a_page_invokes_is_deployed() -> None:
    deployed = {handler.name for handler in app.app.pure_lambda_functions}
    deployed |= {source.name for source in app.app.event_sources}
    invoked = {
        command.words[at + 1]
        for command in SHOWN
        for at, word in enumerate(command.words[:-1])
        if command.key == "chalice invoke" and word in {"-n", "--name"}
    }
    assert invoked
    assert invoked - deployed == set()


@pytest.mark.parametrize("words", WITH_OPTIONS, ids=" ".join)
def test_a_make_command_of_a_page_is_one_that_its_program_takes(words: tuple[str, ...]) -> None:
    target = [word for word in words[1:] if not is_example(word)]
    dry = copying.make(PROJECT, "--dry-run", *target)
    assert dry.returncode == 0, dry.stderr
    assert_every_variable_counts(target)
    for program in programs(dry.stdout):
        asked = copying.run(PROJECT, ("bash", "-c", f"{program} {UNKNOWN}"), CALLED_BY="", **given(target))
        assert asked.returncode == 2, asked.stderr
        assert UNKNOWN in asked.stderr.splitlines()[-1]


def assert_every_variable_counts(words: list[str]) -> None:
    text = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for name in given(words):
        assert re.search(rf"\$\((call option,|call switch,|or \$\(|if \$\()?{name}\b", text), name


def given(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


def programs(recipe: str) -> Iterator[str]:
    """Yield the commands of a recipe that read options in our own way."""
    for line in recipe.replace("\\\n", " ").splitlines():
        found = re.search(r"\.venv/bin/python -m ([\w.]+)", line)
        if found and reads_options(found[1]):
            yield line.strip()


def reads_options(module: str) -> bool:
    path = PROJECT / module.replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    return file.exists() and "CommandLine(" in file.read_text(encoding="utf-8")
