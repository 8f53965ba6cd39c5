"""The patches that the repository carries: as plain tools take them, and as Mercurial's own
tools judge them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from helpers_proof import interpreter
from helpers_touched import touched
from hgport import files, process
from hgport.cli import run
from hgport.engine import hg
from hgport.engine.apply import apply_series
from hgport.model import project
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Port
from hgport.upstream import tree
from hgport.upstream.contents import Contents
from programs import needed

STACK, CATALOGUE = project.load()
PORTS = [STACK.for_line(line) for line in CATALOGUE.lines]
OWN = list({port.series.path: port for port in PORTS}.values())
NEWEST = [CATALOGUE.newest(line) for line in CATALOGUE.lines]
AFFECTED = [r for r in NEWEST if r.line in CATALOGUE.affected_lines]
# the first release that each port serves: the one it was written on
WRITTEN_ON = [
    next(r for r in NEWEST if STACK.for_line(r.line).series.path == port.series.path)
    for port in OWN
]


def version(release: Release) -> str:
    return release.version


def expected(release: Release, port: Port) -> dict[str, bytes | None]:
    """What the port makes of those files."""
    with Contents() as contents:
        found = apply_series(lambda path: contents.read(release, [path])[path], port.series.patches)
    return found.files


def assert_is(directory: Path, wanted: dict[str, bytes | None]) -> None:
    assert wanted
    for path, data in wanted.items():
        assert (directory / path).read_bytes() == data, path


@pytest.mark.parametrize("port", OWN, ids=lambda p: p.line or "base")
def test_a_port_is_complete(port: Port) -> None:
    """All three up to 5.3; from 5.4 on all but what upstream did there."""
    names = list(STACK.top.names)
    if port.line and tuple(map(int, port.line.split("."))) >= (5, 4):
        names.remove("lfs-upload-through-httpsendfile.patch")
    assert list(port.series.names) == names
    listed = {*names, "series"}
    if port.line:
        # cover letters may lie beside the patches
        letters = {"cover.md", "cover-with-followups.md"}
        assert {p.name for p in port.series.directory.iterdir()} - letters == listed


@pytest.mark.parametrize("port", OWN, ids=lambda p: p.line or "base")
def test_headers(port: Port) -> None:
    for patch in port.series.patches:
        head = patch.data.split(b"\n\n")[0].decode().splitlines()
        assert head[0] == "# HG changeset patch"
        assert head[1] == "# User hgport <hgport@example.org>"
        assert re.fullmatch(r"# Date \d+ 0", head[2])
        assert head[3:] == [patch.subject]
        assert patch.name == re.sub(r"[^a-z0-9]+", "-", patch.subject) + ".patch"
        assert b"\ndiff --git " in patch.data
        assert all(len(line) <= 80 for line in patch.description.splitlines())


@pytest.mark.parametrize("port", OWN, ids=lambda p: p.line or "base")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("keepalive-refuse", "c350d6536d90c044c837abdd3675185644481469"),
        ("keepalive-rewind", "77f0d3fd0415e81b63e317e457af9c55c46103ee"),
    ],
)
def test_what_is_ported_is_named(port: Port, name: str, change: str) -> None:
    (patch,) = (p for p in port.series.patches if p.name.startswith(name))
    assert f"{change} of facebookexperimental/eden" in patch.description.replace("\n", " ")


@pytest.mark.parametrize("port", OWN, ids=lambda p: p.line or "base")
def test_every_patch_brings_tests(port: Port) -> None:
    for patch in port.series.patches:
        assert "tests/test-http-body.py" in patch.paths


@pytest.mark.parametrize("release", NEWEST, ids=version)
def test_quilt_takes_them_without_fuzz(release: Release, tmp_path: Path) -> None:
    port = STACK.for_line(release.line)
    work = touched(release, port, tmp_path / "work")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "QUILT_PATCHES": str(port.series.directory),
        "QUILT_SERIES": str(port.series.path),
        "LC_ALL": "C",
    }
    args = [needed("quilt"), "--quiltrc", "-", "push", "-a", "--fuzz=0"]
    told = process.run(args, cwd=work, env=environment).stdout
    assert b"fuzz" not in told
    assert told.count(b"Applying patch ") == len(port.series.patches)
    assert_is(work, expected(release, port))


def repository(release: Release, port: Port, directory: Path) -> Path:
    touched(release, port, directory)
    hg.run("init", cwd=directory)
    hg.run("commit", "--addremove", "--quiet", "-u", "t <t@example.org>", "-m", "x", cwd=directory)
    return directory


PLAIN = [*AFFECTED, CATALOGUE.newest("7.2")]


@pytest.mark.parametrize("release", PLAIN, ids=version)
def test_hg_import_takes_them(release: Release, tmp_path: Path) -> None:
    port = STACK.for_line(release.line)
    work = repository(release, port, tmp_path / "work")
    patches = [port.series.directory / name for name in port.series.names]
    strict = ("--config", "patch.fuzz=0")
    told = hg.run("import", *strict, *patches, cwd=work)
    assert b"fuzz" not in told.stdout + told.stderr
    assert_is(work, expected(release, port))
    template = "{author}\n{date|hgdate}\n{desc}\n\\0"
    log = hg.run("log", "-r", "1:", "--template", template, cwd=work).stdout.decode()
    assert log.split("\0")[:-1] == [
        f"{p.user}\n{p.date}\n{p.description.rstrip()}\n" for p in port.series.patches
    ]


@pytest.mark.parametrize("release", PLAIN, ids=version)
def test_mq_takes_them(release: Release, tmp_path: Path) -> None:
    port = STACK.for_line(release.line)
    work = repository(release, port, tmp_path / "work")
    mq = ("--config", "extensions.mq=", "--config", "patch.fuzz=0")
    for name in reversed(port.series.names):
        hg.run("qimport", *mq, port.series.directory / name, cwd=work)
    assert hg.run("qseries", *mq, cwd=work).stdout.decode().split() == list(port.series.names)
    told = hg.run("qpush", "-a", *mq, cwd=work)
    assert b"fuzz" not in told.stdout + told.stderr
    assert_is(work, expected(release, port))


def tool(release: Release, world: Path, script: str, *args: str, stdin: bytes = b"") -> str:
    """What one of the release's own tools prints, whatever its exit code."""
    python = interpreter(release).path
    environment = {"PATH": os.environ["PATH"], "HOME": str(world), "LC_ALL": "C"}
    command = [python, world / "contrib" / script, *args]
    done = process.run(command, cwd=world, env=environment, stdin=stdin, allowed=None)
    assert b"Traceback" not in done.stderr
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("release", WRITTEN_ON, ids=version)
def test_the_maintainers_tools_have_nothing_to_say(release: Release, tmp_path: Path) -> None:
    port = STACK.for_line(release.line)
    for patch in port.series.patches:
        assert tool(release, tree.pristine(release), "check-commit", stdin=patch.data) == ""
    tree.world(release, tmp_path / "world", expected(release, port))
    paths = sorted(expected(release, port))
    assert len(paths) > 3
    assert tool(release, tmp_path / "world", "check-code.py", *paths) == ""


def test_check_commit_is_heard() -> None:
    """The test above would see what that tool has to say."""
    release = CATALOGUE.release("5.2.2")
    patch = STACK.top.patches[0]
    subject = patch.subject.encode()
    ended = patch.data.replace(subject, subject + b".", 1)
    told = tool(release, tree.pristine(release), "check-commit", stdin=ended)
    assert "don't add trailing period on summary line" in told


def own_test(python: Path, world: Path, patch: Patch) -> tuple[int, str]:
    """Run the tests that a patch brings in Mercurial's own harness."""
    environment = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "HOME": str(world),
        "LC_ALL": "C",
        "HGMODULEPOLICY": "py",
    }
    tests = [Path(path).name for path in patch_tests(patch)]
    args = [python, "run-tests.py", "--local", "--pure", "--port", str(_port()), *tests]
    done = process.run(args, cwd=world / "tests", env=environment, allowed=None, timeout=200)
    return done.code, (done.stdout + done.stderr).decode()


def patch_tests(patch: Patch) -> list[str]:
    return [path for path in patch.paths if path.startswith("tests/")]


def _port() -> int:
    # run-tests.py takes some ports from here on; tests that run beside it want others
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return 21000 + 100 * int(worker[2:])


@pytest.mark.parametrize(
    ("name", "python"), [("4.5.3", "2.7"), ("5.1.2", "3.7"), ("5.2.2", "3.8"), ("6.1.4", "3.8")]
)
def test_the_test_of_a_patch_fails_before_and_passes_after(
    name: str, python: str, tmp_path: Path
) -> None:
    release = CATALOGUE.release(name)
    found = interpreter(release, python).path
    patches = STACK.for_line(release.line).series.patches
    world = tmp_path / "world"
    tree.world(release, world, {})
    for patch in patches:
        after = apply_series(lambda path: content(world / path), [patch]).files
        for path in patch_tests(patch):
            files.write_whole(world / path, after[path] or b"")
        code, told = own_test(found, world, patch)
        assert (code, "Ran 1 tests, 0 skipped, 1 failed" in told) == (1, True), told
        for path, data in after.items():
            files.write_whole(world / path, data or b"")
        code, told = own_test(found, world, patch)
        assert (code, "Ran 1 tests, 0 skipped, 0 failed" in told) == (0, True), told


def test_every_port_is_what_carrying_makes_of_its_neighbour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["rebase", "--check"]) == 0, capsys.readouterr().out
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(f"{len(STACK.ports)} ports with ")
    assert told.endswith(": all as made from their neighbours")


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
