"""What the setting says of apps on the web reaches what API Gateway answers by itself, through Terraform."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib.routes.cors import gateway_headers
from chalicelib.setting_values import origins
from tools.release.infrastructure import Infrastructure
from tools.release.releasing import cors_headers

ORIGIN = "https://app.example.com"


class Recorded(Infrastructure):
    """Remembers what Terraform would be told."""

    def _run(self, folder: Path, *words: str) -> str:
        told.append((folder.name, words))
        return ""


told: list[tuple[str, tuple[str, ...]]] = []


def variables(headers: Mapping[str, str]) -> dict[str, str]:
    told.clear()
    infrastructure = Recorded(project=Path(), stage="dev", region="eu-west-1", bucket="b", may_destroy=False)
    infrastructure.apply_edge("abc123", "first", has_egress=True, cors_headers=headers)
    applied = next(words for folder, words in told if (folder, words[0]) == ("edge", "apply"))
    pairs = (word.removeprefix("-var=").partition("=") for word in applied if word.startswith("-var="))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("setting", ["", ORIGIN, f"{ORIGIN},capacitor://localhost", "*"])
def test_terraform_is_told_the_headers_of_the_setting(setting: str) -> None:
    environment = {"CORS_ORIGINS": setting} if setting else {}
    headers = cors_headers(environment)
    assert headers == gateway_headers(origins(setting))
    assert json.loads(variables(headers)["cors_headers"]) == headers
    assert bool(headers) is bool(setting)
