"""The examples for continuous integration: what they run is there, and there is a job a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import helpers_commands
from hgport import process
from hgport.errors import UsageError
from hgport.model import project

CI = Path(__file__).parents[2] / "contrib" / "ci"
FILES = sorted(CI.glob("*.yml"))
CATALOGUE = project.load()[1]
# the Pythons that the jobs have
HERE = {"2.7", "3.10"}


def read(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text())


def scripts(part: Any) -> Iterator[str]:
    """Every piece of shell in a file, wherever its platform looks for one."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("run", "script", "before_script"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)
    elif isinstance(part, list):
        for one in part:
            yield from scripts(one)


def run(script: str, directory: Path, **more: str) -> str:
    """Run a step as the platforms do, in a checkout with its virtual environment."""
    (directory / ".venv").symlink_to(sys.prefix)
    env = {"PATH": os.environ["PATH"], "HGPORT_CACHE": os.environ["HGPORT_CACHE"], **more}
    words = ["bash", "-e", "-o", "pipefail", "-c", script]
    return process.run(words, cwd=directory, env=env).stdout.decode()


def the_script(name: str, word: str) -> str:
    (found,) = (script for script in scripts(read(name)) if word in script)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_is_one(path: Path) -> None:
    told = {"LINE": "5.2", "PYTHON": "2.7"}
    calls = [
        words
        for script in scripts(yaml.safe_load(path.read_text()))
        for words in helpers_commands.quoted(script, told)
    ]
    assert len(calls) == sum(script.count("bin/hgport") for script in scripts(read(path.name)))
    assert len(calls) >= 2
    for words in calls:
        helpers_commands.check(words)


def test_a_line_that_there_is_not_would_be_seen() -> None:
    script = "x | a/hgport status $X # it's\nhgport y"
    assert list(helpers_commands.quoted(script, {"X": "9.9"})) == [["status", "9.9"], ["y"]]
    with pytest.raises(UsageError):
        helpers_commands.check(["status", "9.9"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_failure_is_passed_over(path: Path) -> None:
    assert not [one for one in scripts(yaml.safe_load(path.read_text())) if "||" in one]


def assert_one_for_each_line(jobs: list[dict[str, str]]) -> None:
    assert [job["line"] for job in jobs] == list(CATALOGUE.lines)
    for job in jobs:
        assert job["python"] in HERE
        assert job["python"] in CATALOGUE.newest(job["line"]).pythons


def test_github_gets_a_job_a_line(tmp_path: Path) -> None:
    script = the_script("github.yml", "releases latest --json")
    run(script, tmp_path, GITHUB_OUTPUT=str(tmp_path / "output"))
    name, _, value = (tmp_path / "output").read_text().partition("=")
    assert value.count("\n") == 1
    jobs = json.loads(value)
    assert_one_for_each_line(jobs)
    config = read("github.yml")["jobs"]
    assert name in config["lines"]["outputs"]
    assert f"needs.lines.outputs.{name}" in config["line"]["strategy"]["matrix"]["include"]
    # what the job takes from its line is what each line has
    taken = {value for value in config["line"]["env"].values() if "matrix." in value}
    assert taken == {f"${{{{ matrix.{key} }}}}" for key in jobs[0]}


def test_gitlab_gets_a_job_a_line(tmp_path: Path) -> None:
    run(the_script("gitlab-ci.yml", "releases latest --json"), tmp_path)
    made = yaml.safe_load((tmp_path / "lines.yml").read_text())
    assert Path(made.pop("include")).name == "gitlab-line.yml"
    jobs = list(made.values())
    assert_one_for_each_line([{k.lower(): v for k, v in j["variables"].items()} for j in jobs])
    assert {job["extends"] for job in jobs} <= set(read("gitlab-line.yml"))


def test_gitlab_files_go_together() -> None:
    config, common = read("gitlab-ci.yml"), read("gitlab-line.yml")
    assert (CI.parents[1] / config["include"].lstrip("/")).samefile(CI / "gitlab-line.yml")
    assert config["lines"]["extends"] in common
    assert config["lines"]["artifacts"]["paths"] == ["lines.yml"]
    assert config["prove"]["trigger"]["include"] == [{"artifact": "lines.yml", "job": "lines"}]
    # an unquoted version would be a number, and 3.10 become 3.1
    assert all(isinstance(v, str) for v in common[".hgport"]["variables"].values())
