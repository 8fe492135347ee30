"""What operators and auditors read on their terminal."""

import argparse
import json
from pathlib import Path

import pytest

from chalicelib.domain.audit_bundle import first_line, last_line
from local import audit
from local.__main__ import parser
from local.places import StackError
from tests.audit_scenes import Bench
from tests.world import World


def written(world: World, path: Path) -> Path:
    """Write a bundle of one seal."""
    bench = Bench(world)
    bench.audit.seal()
    lines = bench.audit.export(1)
    head = bench.audit.verify().head
    end = last_line(seals=1, events=len(lines) - 1, head=head)
    path.write_text("\n".join([first_line("https://auth.test"), *lines, end]), encoding="utf-8")
    return path


def options(*arguments: str) -> argparse.Namespace:
    return parser().parse_args(["audit-verify", *arguments])


def test_a_good_bundle_says_so_and_names_the_first_key(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = written(world, tmp_path / "a.jsonl")
    audit.verify(options("--bundle", str(bundle)))
    told = capsys.readouterr().out
    assert "Everything is as it was sealed." in told
    assert "taken on the first seal's word" in told
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": world.services.access.public_keys()}), encoding="utf-8")
    audit.verify(options("--bundle", str(bundle), "--jwks", str(jwks)))
    assert "first key" not in capsys.readouterr().out


def test_a_bad_bundle_fails_and_names_the_record(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = written(world, tmp_path / "a.jsonl")
    bundle.write_text(bundle.read_text(encoding="utf-8").replace("key.created", "key.deleted", 1), "utf-8")
    with pytest.raises(StackError, match="NOT as it was sealed"):
        audit.verify(options("--bundle", str(bundle)))
    assert "FIRST BAD RECORD: edited, seal 1, event " in capsys.readouterr().out
    with pytest.raises(StackError):
        audit.verify(options("--bundle", str(bundle), "--json"))
    assert json.loads(capsys.readouterr().out)["finding"]["fault"] == "edited"


@pytest.mark.parametrize("text", ["", "x", "{}", '{"record": "bundle", "version": 2}'])
def test_what_is_no_bundle_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StackError):
        audit.verify(options("--bundle", str(file)))
    with pytest.raises(StackError, match="can't be read"):
        audit.verify(options("--bundle", str(tmp_path / "none")))


def test_reading_the_options_needs_no_stack() -> None:
    read = options("--first", "3", "--last", "9")
    assert (read.first, read.last, read.bundle, read.json) == (3, 9, None, False)
