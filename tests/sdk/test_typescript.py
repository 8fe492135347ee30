"""The TypeScript client against the real handler: in calm weather, and 200 of them on bad networks."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from local.places import PROJECT
from tests.sdk.stage import Stage
from tools.node import node, npm

SDK = PROJECT / "sdk" / "typescript"
SAMPLE = re.compile(r"^```js\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOKEN_COMMAND = "make -s token NONCE=${nonce}"
LINES_MAX = 20
HAPPENED = ("refreshes", "kills", "step_ups", "tunnels", "thefts", "robbed")
LIFE = """
import { AuthClient, memoryStorage, systemClock } from "@serenya/auth-client";

const clock = { now: Date.now, after: (wait, run) => systemClock.after(wait === 8000 ? 240000 : wait, run) };
const lever = (path, form) =>
    fetch(process.env.CONTROL_URL + path, { method: "POST", body: new URLSearchParams(form) });
let lose = "";
const auth = new AuthClient({
    url: process.env.AUTH_URL,
    storage: memoryStorage(),
    clock, // a busy machine is no bad network
    device: { platform: "web" },
    consents: async ({ documents }) =>
        documents.map(({ document, version }) => ({ document, version, granted: true })),
    async fetch(url, init) {
        const response = await fetch(url, init);
        if (!lose || !url.endsWith(lose)) return response;
        console.log("lost", init.method, lose);
        lose = "";
        throw new TypeError("lost");
    },
});
const tokens = await auth.signIn("google", async ({ raw }) =>
    (await lever("/token", { provider: "google", email: "ben@example.com", nonce: raw })).json());
console.log("signed up", tokens.is_new_user);
await lever("/advance", { seconds: 901 });
lose = "/auth/refresh";
console.log("still the same person", (await auth.call("GET", "/account")).id === tokens.user.id);
const answer = await auth.signIn("google", async ({ raw }) =>
    (await lever("/token", { provider: "google", email: "ben@example.com", nonce: raw })).json());
console.log("erased", (await auth.erase()).verified && !answer.is_new_user);
console.log("signed out", (await auth.session()) === null);
"""


def run(stage: Stage, *words: str, folder: Path = SDK, **more: str) -> str:
    """Run a program of Node beside the stage; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own
        (node(), *words),
        cwd=folder,
        env=os.environ | {"AUTH_URL": stage.url, "CONTROL_URL": stage.control} | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_life_of_an_app(stage: Stage) -> None:
    assert "# fail 0" in run(stage, "--test", "build/live/laws.test.js")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """An empty project with the package in it, as npm installs it."""
    [package] = (SDK / "build").glob("*.tgz")
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    done = subprocess.run(  # noqa: S603 - our own package, without a registry
        (npm(), "install", "--offline", "--no-audit", "--no-fund", str(package)),
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{Path(npm()).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "node_modules").glob("[!.]*")] == ["@serenya"]
    return tmp_path


def test_the_lines_of_the_readme_run_in_an_empty_project(stage: Stage, installed: Path) -> None:
    lines = SAMPLE.search((SDK / "README.md").read_text(encoding="utf-8"))
    assert lines
    form = "provider=google&email=ana@example.com&nonce=${nonce}"
    asks = f"curl -sS {stage.control}/token -d '{form}' | cut -d '\"' -f 4"
    program = lines[1].replace("http://127.0.0.1:8000", stage.url).replace(TOKEN_COMMAND, asks)
    assert len([line for line in lines[1].splitlines() if line]) <= LINES_MAX
    (installed / "readme.js").write_text(program)
    assert run(stage, "readme.js", folder=installed) == "hello, ana\n"


def test_the_installed_package_waits_loses_goes_on_and_erases(stage: Stage, installed: Path) -> None:
    (installed / "life.js").write_text(LIFE)
    assert run(stage, "life.js", folder=installed).splitlines() == [
        "signed up true",
        "lost POST /auth/refresh",
        "still the same person true",
        "erased true",
        "signed out true",
    ]


def test_two_hundred_clients_stay_signed_in_and_thieves_do_not(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    seed = str(request.config.getoption("--phones-seed"))
    report = json.loads(run(stage, "build/live/phones.js", PHONES="200", SEED=seed))
    print(report)  # noqa: T201 - what `pytest -s` shows
    assert (report["signed_out"], report["survivors"], report["broken"]) == ([], [], [])
    assert report["sign_ups"] == 200
    assert min(report[each] for each in HAPPENED) > 0
    assert stage.ledger.reused
    assert stage.ledger.wrongly_recorded(stage.world) == []
