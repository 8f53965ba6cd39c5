"""Patch files as ``hg export --git`` writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers_cycle import commit, exported
from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine import hg
from hgport.engine.apply import apply_series
from hgport.engine.outcome import Edit
from hgport.engine.render import edits_of, old_modes, render_patch
from hgport.model import project
from hgport.model.patch import Patch
from hgport.model.stack import Port
from hgport.upstream.contents import Contents

STACK, CATALOGUE = project.load()
PORTS = [Port(None, STACK.top), *STACK.ports]
BINARY = bytes(range(256)) * 8


def rendered(read: dict[str, bytes | None], patch: Patch) -> tuple[bytes, dict[str, bytes | None]]:
    """The patch, applied and written again, and the tree after it."""
    series = apply_series(read.get, [patch])
    (result,) = series.results
    assert result.outcome.changes_tree
    header = patch.data[: len(patch.data) - len(patch.body)]
    return render_patch(header, edits_of(read.get, result)), {**read, **series.files}


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.line or "base")
def test_our_patches_come_out_as_they_are(port: Port) -> None:
    release = CATALOGUE.newest(port.line) if port.line else CATALOGUE.release(CATALOGUE.base)
    paths = {path for patch in port.series.patches for path in patch.paths}
    with Contents() as contents:
        tree = dict(contents.read_many([release], sorted(paths))[release.version])
    for patch in port.series.patches:
        data, tree = rendered(tree, patch)
        assert data == patch.data


def parse(*diffs: bytes) -> Patch:
    return Patch.parse("x.patch", patch_bytes(*diffs))


def test_the_order_of_the_edits_does_not_matter() -> None:
    edits = [Edit("b", b"1\n", b"2\n"), Edit("a", None, b"n\n"), Edit("a/b", b"o\n", None)]
    made = render_patch(b"# header\n", edits)
    assert made == render_patch(b"# header\n", reversed(edits))
    assert made.startswith(b"# header\ndiff --git a/a b/a\n")


def test_what_stays_the_same_is_left_out() -> None:
    edits = [Edit("a", b"1\n", b"1\n"), Edit("b", None, None), Edit("c", b"", b"", "x", "x")]
    assert render_patch(b"header\n", edits) == b"header\n"


def test_the_modes_before_a_patch() -> None:
    modes = b"diff --git a/m b/m\nold mode 100755\nnew mode 100644\n"
    moved = (
        b"diff --git a/m2 b/m3\nold mode 120000\nnew mode 100644\nrename from m2\nrename to m3\n"
    )
    gone = file_diff("gone", b"g\n", None).replace(b"100644", b"100755")
    text = file_diff("f", b"1\n", b"old mode 100755\ndeleted file mode 100755\n")
    patch = parse(modes, moved, gone, text)
    assert old_modes(patch) == {"m": "x", "m2": "l", "gone": "x"}


def test_a_patch_says_which_modes_there_were() -> None:
    gone = file_diff("gone", numbered(3), None).replace(b"100644", b"100755")
    plain = b"diff --git a/run b/run\nold mode 100755\nnew mode 100644\n"
    patch = parse(gone, plain)
    assert rendered({"gone": numbered(3), "run": b"#!\n"}, patch)[0] == patch.data


def test_the_tree_says_which_modes_there_were() -> None:
    patch = parse(file_diff("gone", b"g\n", None))
    (result,) = apply_series({"gone": b"g\n"}.get, [patch]).results
    (edit,) = edits_of({"gone": b"g\n"}.get, result, lambda path: "x")
    assert (edit.old_mode, edit.new) == ("x", None)


# against the program itself


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    hg.run("init", cwd=root)
    files = {
        "text": numbered(30),
        "bin": BINARY,
        "crlf": b"one\r\ntwo\r\nthree\r\n",
        "end": b"no newline",
        "run": b"#!/bin/sh\n",
        "empty": b"",
        "sub/a b": b"blank\n",
        "latin": b"caf\xe9\n",
    }
    commit(root, dict(files), "start")
    return root


def both(repo: Path, edits: list[Edit], message: str = "change") -> bytes:
    """What we write of the edits; it is what hg exports of the working copy's change."""
    commit(repo, {}, message)
    ours = render_patch(b"", edits)
    assert ours == exported(repo)
    return ours


def content(repo: Path, path: str) -> bytes:
    return (repo / path).read_bytes()


def test_text_binary_and_line_ends(repo: Path) -> None:
    after: dict[str, bytes | None] = {
        "text": numbered(30, line2="x", line20="y"),
        "bin": BINARY[:-1] + b"\0",
        "crlf": b"one\r\n2\r\nthree",
        "end": b"no newline\n",
        "latin": b"caf\xe8\n",
        "sub/a b": b"blank\nmore",
        "empty": b"\n",
        "new": b"no newline either",
        "new empty": b"",
        "new bin": BINARY,
        "run": None,
    }
    edits = [Edit(p, content(repo, p) if (repo / p).exists() else None, after[p]) for p in after]
    for path, new in after.items():
        if new is None:
            (repo / path).unlink()
        else:
            (repo / path).write_bytes(new)
    diff = both(repo, edits)
    assert diff.count(b"GIT binary patch\n") == 2
    assert diff.count(b"\\ No newline at end of file\n") == 4


def test_removed_binary_and_empty_files(repo: Path) -> None:
    edits = [Edit("bin", BINARY, None), Edit("empty", b"", None)]
    (repo / "bin").unlink()
    (repo / "empty").unlink()
    both(repo, edits)


def test_renames_copies_and_modes(repo: Path) -> None:
    text = numbered(30)
    hg.run("rename", "text", "sub/moved", cwd=repo)
    hg.run("copy", "sub/moved", "copied", cwd=repo)
    (repo / "sub/moved").write_bytes(numbered(30, line5="five"))
    hg.run("copy", "latin", "latin2", cwd=repo)
    (repo / "latin").write_bytes(b"other\n")
    hg.run("rename", "bin", "bin2", cwd=repo)
    (repo / "run").chmod(0o755)
    (repo / "latin2").chmod(0o755)
    (repo / "link").symlink_to("run")
    diff = both(
        repo,
        [
            Edit("text", text, None),
            Edit("sub/moved", text, numbered(30, line5="five"), source="text"),
            Edit("copied", text, text, source="text"),
            Edit("latin", b"caf\xe9\n", b"other\n"),
            Edit("latin2", b"caf\xe9\n", b"caf\xe9\n", "", "x", source="latin"),
            Edit("bin", BINARY, None),
            Edit("bin2", BINARY, BINARY, source="bin"),
            Edit("run", b"#!/bin/sh\n", b"#!/bin/sh\n", "", "x"),
            Edit("link", None, b"run", "", "l"),
        ],
    )
    assert diff.count(b"\nrename from ") == 2
    assert diff.count(b"\ncopy from ") == 2
    assert b"\nold mode 100644\nnew mode 100755\n" in diff
    assert b"\nnew file mode 120000\n" in diff


def test_a_file_that_becomes_a_link_and_an_executable_that_goes(repo: Path) -> None:
    (repo / "run").chmod(0o755)
    commit(repo, {}, "executable")
    (repo / "run").unlink()
    (repo / "end").unlink()
    os.symlink("text", repo / "end")
    both(
        repo,
        [Edit("run", b"#!/bin/sh\n", None, "x"), Edit("end", b"no newline", b"text", "", "l")],
    )
