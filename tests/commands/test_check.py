"""``hgport check`` as a person calls it, with the real tools of a release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_check import KEEPALIVE, VERSION, adding, real_files, small, write
from helpers_engine import Project, file_diff, patch_bytes, write_stack
from hgport.cli import run

GOOD = "\n\ndef another(name):\n    return name\n"
SUBJECT = "keepalive: add something"
NAME = "keepalive-add-something.patch"


@pytest.fixture(scope="module")
def files(run_cache: Path) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_CACHE", str(run_cache))
        return real_files()


@pytest.fixture
def project(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    made = small(tmp_path / "project", files)
    monkeypatch.setenv("HGPORT_PROJECT", str(made.root))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    return made


def added(files: dict[str, bytes], text: str, subject: str = SUBJECT) -> bytes:
    return adding(KEEPALIVE, files[KEEPALIVE], text, subject)


Checked = "tuple[int, list[tuple[object, ...]], dict[str, object]]"


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> Checked:
    code = run(["check", "--json", "--quick", *words])
    told = json.loads(capsys.readouterr().out)
    found = [
        (one["patch"], one["file"], one["line"], one["rule"], one["message"])
        for one in told["findings"]
    ]
    return code, found, told


def test_a_good_series(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {NAME: added(files, GOOD)})
    code, found, told = checked(capsys, VERSION)
    assert (code, found) == (0, [])
    looked = told["looked_at"]
    assert {name: looked[name] for name in ("check-commit", "check-code", "py_compile")} == {
        "check-commit": 1,
        "check-code": 1,
        "py_compile": 2,
    }
    assert looked["import-checker"] > 5
    assert looked["black"] == looked["pyflakes"] == looked["apply"] == 1
    assert set(told["tools"]) == {"black", "pyflakes"}
    # what is known is not asked again, and said all the same
    assert checked(capsys, VERSION) == (code, found, told)
    assert run(["check", VERSION, "--quick"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "no finding"
    assert "check-commit: 1 changeset, check-code: 1 file, " in out[0]


BAD = """

import os, sys

numbers = [ 1]


def another():
    return nobody
"""
LATER = "\n\ndef later(*, x):\n    pass\n"


def test_what_each_tool_finds(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    later = adding(KEEPALIVE, files[KEEPALIVE] + BAD.encode(), LATER, "topic: later")
    write(project, {NAME: added(files, BAD), "topic-later.patch": later})
    code, found, _told = checked(capsys, VERSION)
    assert code == 1
    before = files[KEEPALIVE].count(b"\n")
    for line, rule, why in (
        (3, "import-checker", "multiple imported names"),
        (5, "check-code", "gratuitous whitespace in () or []"),
        (5, "black", "black would write 'numbers = [1]'"),
        (9, "pyflakes", "undefined name 'nobody'"),
        (12, "py_compile", "Python 2.7: "),
    ):
        name = "topic-later.patch" if rule == "py_compile" else NAME
        wanted = (f"patches/{name}", KEEPALIVE, before + line, rule)
        assert [one for one in found if one[:4] == wanted and why in str(one[4])], found


def test_a_file_that_gets_executable(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    on = b"diff --git a/%s b/%s\nold mode 100644\nnew mode 100755\n"
    header, _, diff = added(files, GOOD).partition(b"diff --git")
    path = KEEPALIVE.encode()
    bad = header + on % (path, path) + diff.partition(b"\n")[2]
    write(project, {NAME: bad})
    code, found, told = checked(capsys, VERSION)
    why = "it is executable, but has no '#!' line for Python"
    assert (code, found) == (1, [(f"patches/{NAME}", KEEPALIVE, 1, "mode", why)])
    assert told["looked_at"]["mode"] == 1


def test_what_is_no_python(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {NAME: added(files, "\n\ndef another()\n    pass\n")})
    code, found, _told = checked(capsys, VERSION)
    assert code == 1
    before = files[KEEPALIVE].count(b"\n")
    assert {one[2:4] for one in found} >= {
        (before + 3, "py_compile"),
        (before + 3, "pyflakes"),
        (None, "black"),
    }
    assert {one[0] for one in found} == {f"patches/{NAME}"}, found


def test_only_the_patch_that_does_it_is_blamed(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    bad = BAD + "\n\nnames = [ nobody]\n"
    first = added(files, bad, "topic: first")
    middle = files[KEEPALIVE] + bad.encode()
    second = adding(KEEPALIVE, middle, GOOD.replace("another", "third"), "topic: second")
    write(project, {"topic-first.patch": first, "topic-second.patch": second})
    code, found, _told = checked(capsys, VERSION)
    assert code == 1
    assert {one[3] for one in found} >= {"check-code", "import-checker", "pyflakes", "black"}
    assert {one[0] for one in found} == {"patches/topic-first.patch"}


def test_check_commit_is_heard_of_a_line_of_the_patch(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {"x.patch": added(files, GOOD, "Keepalive: Add (issue 1234).")})
    code, found, _told = checked(capsys, VERSION)
    assert code == 1
    assert [one[:4] for one in found if one[3] == "check-commit"] == [
        ("patches/x.patch", None, 4, "check-commit")
    ] * 3, found


def test_a_conflict_and_what_is_before_it(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    good = added(files, GOOD)
    bad = adding(KEEPALIVE, b"nothing\nof\nit\n", "more\n", "topic: second")
    write(project, {NAME: good, "topic-second.patch": bad, "topic-third.patch": bad})
    code, found, told = checked(capsys, VERSION)
    assert code == 1
    assert [one[:4] for one in found if one[3] == "apply"] == [
        ("patches/topic-second.patch", KEEPALIVE, 1, "apply"),
        ("patches/topic-third.patch", None, None, "apply"),
    ]
    assert told["looked_at"]["check-commit"] == 1
    write(project, {"topic-second.patch": bad})
    code, found, told = checked(capsys, VERSION)
    assert (code, told["not_looked_at"]) == (1, []), found


def test_a_foreign_series_without_authors(
    project: Project, files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {NAME: added(files, GOOD)})
    bare = added(files, GOOD).partition(b"diff --git")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "0001.patch").write_bytes(b"".join(bare[1:]))
    (foreign / "series").write_text("0001.patch\n")
    code, found, told = checked(capsys, VERSION, "--series", str(foreign))
    assert code == 1
    assert {one[3] for one in found} == {"header", "description"}
    assert {one[0] for one in found} == {"0001.patch"}
    assert told["looked_at"]["check-code"] == 1


def test_a_tool_that_breaks_is_a_finding(
    tmp_path: Path,
    files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = {
        "contrib/check-code.py": b"raise ValueError('of its own')\n",
        "contrib/check-commit": b"print('what')\n",
        "contrib/import-checker.py": b"import sys\nsys.exit(7)\n",
    }
    made = small(tmp_path / "project", {**files, **broken})
    monkeypatch.setenv("HGPORT_PROJECT", str(made.root))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    write(made, {NAME: added(files, GOOD)})
    code, found, told = checked(capsys, VERSION)
    assert code == 1
    assert {one[3]: one[4] for one in found} == {
        "check-code": "check-code.py broke (exit code 1): ValueError: of its own",
        "check-commit": "check-commit says what cannot be read: 'what'",
        "import-checker": "import-checker.py broke (exit code 7): it says nothing",
    }
    assert told["looked_at"]["black"] == 1


def test_a_release_without_the_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = small(tmp_path / "project", {"f.py": b"x = 1\n"})
    monkeypatch.setenv("HGPORT_PROJECT", str(made.root))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    write(made, {"topic-do-it.patch": adding("f.py", b"x = 1\n", "y = 2\n", "topic: do it")})
    code, found, told = checked(capsys, VERSION)
    assert (code, found) == (0, [])
    assert [one["what"] for one in told["not_looked_at"]] == [
        "the release has no check-commit",
        "the release has no check-code.py",
        "the release has no import-checker.py",
        "the release has no settings for black",
    ]
    assert told["looked_at"]["py_compile"] == 2


def test_a_python_that_is_not_here(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {NAME: added(files, GOOD)}, '"3.8", "9.9"')
    code, found, told = checked(capsys, VERSION)
    assert (code, found, told["ok"]) == (3, [], False)
    assert {
        "what": "py_compile under Python 9.9",
        "release": VERSION,
        "machine_lacks_it": True,
    } in (told["not_looked_at"])
    assert checked(capsys, VERSION, "--here")[0] == 0
    write(project, {NAME: added(files, GOOD)}, '"9.8", "9.9"')
    assert checked(capsys, VERSION, "--here")[0] == 3
    code, found, told = checked(capsys, VERSION)
    assert (code, found) == (3, [])
    assert told["not_looked_at"][0]["what"] == "its tools need Python 9.8 or 9.9"


def test_offline_asks_no_tool(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {NAME: added(files, "\n\nnumbers = [ 1]\n")})
    code, found, told = checked(capsys, VERSION, "--offline")
    assert (code, found) == (0, [])
    assert sorted(told["looked_at"]) == ["description", "diff", "header", "patch", "series"]
    assert not list(project.cache.glob("trees/*"))


def test_nothing_to_look_at(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {})
    code, found, _told = checked(capsys, VERSION)
    assert code == 1
    assert found == [("series", None, None, "series", "it lists no patch")]
    (tmp_path / "empty" / "patches").mkdir(parents=True)
    empty = write_stack(tmp_path / "empty", {}, {})
    assert run(["check", VERSION, "--quick", "--series", str(empty)]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["9.9"], "'9.9'"),
        (["--series", "/nowhere/series"], "no series file"),
        (["--jobs", "0"], "0 is not in the range"),
    ],
)
def test_wrong_commands(
    project: Project, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, {})
    assert run(["check", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


# a stack on top


def on_top(project: Project, files: dict[str, bytes], text: str) -> None:
    """A good series, and a stack ``more`` whose patch adds text to what that leaves."""
    first = added(files, GOOD)
    write(project, {NAME: first})
    below = files[KEEPALIVE] + GOOD.encode()
    upper = adding(KEEPALIVE, below, text, "keepalive: add more")
    project.further("more", {"keepalive-add-more.patch": upper})


def test_the_whole_is_put_to_the_tools(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    on_top(project, files, "\n\nimport os, sys\n")
    code, found, told = checked(capsys, VERSION, "--with", "more")
    assert code == 1
    assert told["patches"] == [NAME, "keepalive-add-more.patch"]
    patch = "patches/more/keepalive-add-more.patch"
    assert {one[0] for one in found} == {patch}
    line = files[KEEPALIVE].count(b"\n") + GOOD.count("\n") + 3
    assert (patch, KEEPALIVE, line) in {one[:3] for one in found}
    looked = told["looked_at"]
    assert isinstance(looked, dict)
    assert (looked["apply"], looked["check-commit"]) == (2, 2)
    # the series by itself is without a flaw, and the files of the other are looked at
    code, found, told = checked(capsys, VERSION)
    assert (code, found) == (0, [])
    looked = told["looked_at"]
    assert isinstance(looked, dict)
    assert (looked["apply"], looked["patch"]) == (1, 2)


def test_a_conflict_on_top_is_a_finding(
    project: Project, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    def heading(text: str, subject: str) -> bytes:
        _first, rest = files[KEEPALIVE].split(b"\n", 1)
        after = f"# {text}\n".encode() + rest
        return patch_bytes(file_diff(KEEPALIVE, files[KEEPALIVE], after), subject=subject)

    write(project, {NAME: heading("one", SUBJECT)})
    upper = heading("two", "keepalive: add more")
    project.further("more", {"keepalive-add-more.patch": upper})
    code, found, _told = checked(capsys, VERSION, "--with", "more")
    assert code == 1
    assert [(one[0], one[3]) for one in found] == [
        ("patches/more/keepalive-add-more.patch", "apply")
    ]
    # which is for the bare release, where it is good
    assert checked(capsys, VERSION, "--series", str(project.root / "patches/more"))[:2] == (0, [])


@pytest.mark.parametrize("words", [["--with", "mroe"], ["--with", "more", "--with", "more"]])
def test_bad_stacks_on_top(
    project: Project,
    files: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    on_top(project, files, GOOD)
    assert run(["check", "--offline", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1
