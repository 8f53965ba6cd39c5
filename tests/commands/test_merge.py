"""``hgport merge`` as a person calls it, and as Mercurial does."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from helpers_engine import numbered, write_tree
from hgport import process
from hgport.cli import run
from hgport.engine import hg

BASE = b"def f(x):\n    g(x, b'one')\n    h(x)\n    return b'two', b'three', b'four'\n"
PATCHED = BASE.replace(b"    h(x)\n", b"    h(x)\n    h(b'five')\n")
TARGET = BASE.replace(b"b'", b"'")
MERGED = PATCHED.replace(b"b'", b"'")


def written(directory: Path, base: bytes, patched: bytes, target: bytes) -> list[str]:
    write_tree(directory, {"base.py": base, "patched.py": patched, "target.py": target})
    return [str(directory / f"{name}.py") for name in ("base", "patched", "target")]


def test_across_a_change_of_style(tmp_path: Path) -> None:
    files = written(tmp_path, BASE, PATCHED, TARGET)
    out = tmp_path / "out.py"
    assert run(["merge", *files, "-o", str(out), "--line", "5.0"]) == 0
    assert out.read_bytes() == MERGED


def test_what_a_plain_literal_means_is_known_by_the_line_of_the_base(tmp_path: Path) -> None:
    # nearly all of the base is marked already, and so the files alone would not tell
    added = BASE.replace(b"    h(x)\n", b"    h('five')\n")
    files = written(tmp_path, BASE, added, BASE.replace(b"h(x)", b"h(x)  # why"))
    out = tmp_path / "out.py"
    options = ["-o", str(out), "--path", "mercurial/f.py", "--line", "5.3"]
    assert run(["merge", *files, *options, "--from", "5.1"]) == 0
    assert b"h(b'five')  # why" in out.read_bytes()
    assert run(["merge", *files, *options, "--from", "5.2"]) == 0
    assert b"h('five')  # why" in out.read_bytes()


def test_to_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    files = written(tmp_path, numbered(9), numbered(9, line5="caf\xe9"), b"\xe9\r\n" + numbered(9))
    assert run(["merge", *files, "--explain"]) == 0
    said = capfdbinary.readouterr()
    assert said.out == b"\xe9\r\n" + numbered(9, line5="caf\xe9")
    assert b"target.py: hunk 1, line 5: exact; " in said.err


def test_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path, BASE, PATCHED, TARGET)
    options = ["-o", str(tmp_path / "out"), "--path", "f.py", "--line", "5.0", "--explain"]
    assert run(["merge", *files, *options]) == 0
    assert capsys.readouterr().out.startswith("f.py: hunk 1, line 4: ")


def test_a_conflict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path, numbered(9), numbered(9, line5="one"), numbered(9, line5="two"))
    out = tmp_path / "target.py"
    out.chmod(0o755)
    assert run(["merge", *files, "-o", str(out)]) == 4
    assert out.read_bytes() == numbered(
        9,
        line5="<<<<<<< target\ntwo\n||||||| base\nline 5\n=======\none\n>>>>>>> patch",
    )
    assert stat.S_IMODE(out.stat().st_mode) == 0o755
    said = capsys.readouterr().err
    assert said == f"hgport: {out}: 1 conflict, at line 5 (look for <<<<<<< target)\n"


@pytest.mark.parametrize(
    "sides, merged",
    [
        ((b"\0a", b"\0b", b"\0a"), b"\0b"),
        ((b"\0a", b"\0a", b"\0b"), b"\0b"),
        ((b"\0a", b"\0b", b"\0b"), b"\0b"),
        ((b"\0a", b"\0b", b"\0c"), None),
        ((b"a\n", b"b\n", b"a\n\0"), None),
    ],
)
def test_binary(tmp_path: Path, sides: tuple[bytes, bytes, bytes], merged: bytes | None) -> None:
    files = written(tmp_path, *sides)
    out = tmp_path / "out"
    assert run(["merge", *files, "-o", str(out)]) == (4 if merged is None else 0)
    assert (out.read_bytes() if out.exists() else None) == merged


@pytest.mark.parametrize("name, told", [("f.py", True), ("f.txt", False), (None, True)])
def test_the_name_says_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str | None, told: bool
) -> None:
    """A file that is no Python, against its name, is merged by lines, and that is said."""
    files = written(tmp_path, b"(\na\n", b"(\nb\n", b"(\nc\n")
    named = [] if name is None else ["--path", name]
    assert run(["merge", *files, "-o", str(tmp_path / "out.py"), *named]) == 4
    assert ("it cannot be read as Python" in capsys.readouterr().out) is told


@pytest.mark.parametrize(
    "words, said",
    [
        (["gone", "{target}", "{target}"], "cannot read gone: No such file"),
        (["{base}", "{directory}", "{target}"], "Is a directory"),
        (["{base}", "{base}", "{target}", "--line", "x"], "'x' is no version"),
        (["{base}", "{base}"], "Missing argument 'TARGET'"),
    ],
)
def test_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    base, _patched, target = written(tmp_path, b"a\n", b"a\n", b"a\n")
    told = [w.format(base=base, target=target, directory=tmp_path) for w in words]
    out = tmp_path / "out"
    out.write_bytes(b"mine")
    assert run(["merge", *told, "-o", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert out.read_bytes() == b"mine"


def test_an_out_that_cannot_be_written(tmp_path: Path) -> None:
    files = written(tmp_path, b"a\n", b"b\n", b"a\n")
    (tmp_path / "out").mkdir()
    assert run(["merge", *files, "-o", str(tmp_path / "out")]) == 3
    assert list((tmp_path / "out").iterdir()) == []


def test_as_a_merge_tool_of_mercurials(tmp_path: Path) -> None:
    """With the lines of the help, as far as they are not about where hgport is."""
    text = process.run([sys.executable, "-m", "hgport", "merge", "--help"]).stdout.decode()
    args = next(line for line in text.splitlines() if "hgport.args" in line)
    settings = {
        "merge-tools.hgport.executable": sys.executable,
        "merge-tools.hgport.args": f"-m hgport {args.partition('=')[2].strip()} --line 5.0",
        "merge-tools.hgport.premerge": "False",
        "ui.merge": "hgport",
    }
    config = [word for name, value in settings.items() for word in ("--config", f"{name}={value}")]
    repo = tmp_path / "repo"
    write_tree(repo, {"f.py": BASE, "g.py": BASE})
    hg.run("init", cwd=repo)
    commit = ("commit", "-A", "-q", "-u", "test", "-d", "0 0")
    hg.run(*commit, "-m", "base", cwd=repo)
    write_tree(repo, {"f.py": TARGET, "g.py": TARGET.replace(b"h(x)", b"j(x)")})
    hg.run(*commit, "-m", "target", cwd=repo)
    hg.run("update", "-q", "0", cwd=repo)
    write_tree(repo, {"f.py": PATCHED, "g.py": BASE.replace(b"h(x)", b"k(x)")})
    hg.run(*commit, "-m", "patched", cwd=repo)
    hg.run("update", "-q", "1", cwd=repo)
    done = hg.run("graft", "-q", "-r", "2", *config, cwd=repo, allowed=(1,))
    assert (repo / "f.py").read_bytes() == MERGED
    assert hg.run("resolve", "-l", cwd=repo).stdout == b"R f.py\nU g.py\n", done
    assert b"<<<<<<< target\n    j(x)\n" in (repo / "g.py").read_bytes()
