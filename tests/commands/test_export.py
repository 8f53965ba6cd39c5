"""``hgport export`` as a person calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

import helpers_export as odd
from helpers_consumers import nix_environment
from helpers_engine import file_diff, log, patch_bytes, repository, write_tree
from hgport import process
from hgport.cli import run
from hgport.engine import hg
from programs import needed

FORMS = ["quilt", "mq", "hg", "bundle", "git", "debian", "rpm", "nix"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    odd.write(tmp_path / "project", monkeypatch, odd.PATCHES)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def export(form: str, *more: str) -> int:
    return run(["export", odd.VERSION, "--format", form, "out", *more])


def test_it_says_what_it_wrote(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export("quilt") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{made}/project/series for 5.2, as quilt, into out",
        *odd.PATCHES,
        "their author is hgport <hgport@example.org>, a stand-in: "
        "-u 'NAME <MAIL>' puts somebody there",
        f"use it in the release's tree: QUILT_PATCHES={made}/here/out quilt push -a --fuzz=0",
    ]
    assert sorted(p.name for p in Path("out").iterdir()) == sorted([*odd.PATCHES, "series"])
    assert (Path("out") / "first.patch").read_bytes() == odd.PATCHES["first.patch"]


def test_rpm_files(made: Path) -> None:
    assert export("rpm") == 0
    assert Path("out/patches.inc").read_text() == (
        "Patch1001: first.patch\nPatch1002: second.patch\nPatch1003: third.patch\n"
    )
    assert Path("out/prep.inc").read_text() == "%autosetup -p1 -n mercurial-5.2\n"


def test_debian_files(made: Path) -> None:
    assert export("debian") == 0
    patches = Path("out/debian/patches")
    assert (patches / "series").read_text() == "first.patch\nsecond.patch\nthird.patch\n"
    assert Path("out/debian/source/format").read_text() == "3.0 (quilt)\n"
    assert (
        (patches / "third.patch")
        .read_bytes()
        .startswith(
            b"Description: topic: move things\n .\n From: nobody, really\n"
            b'Author: "Person, A" <person@example.org>\nOrigin: other\nForwarded: no\n'
            b"Last-Update: 2020-09-13\nDate: Sun, 13 Sep 2020 12:26:41 +0000\n\ndiff --git "
        )
    )


def test_what_a_package_said_stays(made: Path) -> None:
    header = "Description: {subject}\nFrom: A <a@example.org>\nForwarded: https://example.org/1\n"
    header += "Bug-Debian: https://bugs.debian.org/1\n\n"
    diff = odd.PATCHES["second.patch"].partition(b"\n\n")[2]
    write_tree(made / "own", {"series": b"a\n", "a": patch_bytes(diff, header=header)})
    assert export("debian", "--series", "../own/series") == 0
    assert Path("out/debian/patches/a").read_text().splitlines()[1:5] == [
        "Author: A <a@example.org>",
        "Forwarded: https://example.org/1",
        "Bug-Debian: https://bugs.debian.org/1",
        "Origin: other",
    ]


def test_what_is_known_of_where_a_patch_went(made: Path) -> None:
    """Of somebody else's nothing is; of the project's own, what was mailed."""
    series = foreign(made, odd.PATCHES["second.patch"])
    assert export("debian", "--series", series) == 0
    assert "Forwarded" not in Path("out/debian/patches/a.patch").read_text()
    first = odd.PATCHES["first.patch"]
    told = 'release = "5.2"\n[[mailed]]\ndate = 2026-11-22T20:00:00Z\n'
    told += 'message-id = "<a@example.org>"\n'
    files = {"series": b"first.patch\n", "first.patch": first, "sent.toml": told.encode()}
    write_tree(made / "project" / "patches" / "sent" / "5.2" / "v1", files)
    assert run(["export", "5.2", "--format", "debian", "own"]) == 0
    for name, said in {"first": "yes", "second": "no", "third": "no"}.items():
        text = Path(f"own/debian/patches/{name}.patch").read_bytes()
        assert f"\nForwarded: {said}\n".encode() in text


def test_upstream_took_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "lfs-upload-through-httpsendfile.patch"
    old = tmp_path / "old"
    assert run(["export", "5.3.2", "--format", "debian", str(old)]) == 0
    assert (
        "Origin: backport, commit:43eea17ae7b3\nForwarded: not-needed\n"
        "Applied-Upstream: 5.4, commit:43eea17ae7b3\n"
    ) in (old / "debian" / "patches" / name).read_text()
    capsys.readouterr()
    assert run(["export", "5.4.2", "--format", "debian", str(tmp_path / "new")]) == 0
    said = f"left out: {name}: the release has it, upstream's 43eea17ae7b3 since 5.4"
    assert said in capsys.readouterr().out.splitlines()
    assert not (tmp_path / "new" / "debian" / "patches" / name).exists()


def test_the_overlay_is_for_its_version_alone(made: Path) -> None:
    assert export("nix") == 0
    program = needed("nix-instantiate", "nix-bin")
    stand_in = '{ version = "5.3"; overrideAttrs = change: change { }; }'
    words = f"(import ./out/overlay.nix {{ }} {{ mercurial = {stand_in}; }}).mercurial.patches"
    told = {}
    for version in ("5.3", "5.2"):
        call = [program, "--eval", "--strict", "-E", words.replace("5.3", version)]
        done = process.run(call, env=nix_environment(made), allowed=(0, 1))
        told[version] = (done.code, (done.stdout + done.stderr).decode())
    assert told["5.3"][0] == 1
    assert "these patches are for Mercurial 5.2, not 5.3" in told["5.3"][1]
    paths = " ".join(f"{made}/here/out/{name}" for name in odd.PATCHES)
    assert told["5.2"] == (0, f"[ {paths} ]\n")


def test_the_submitter_signs_the_stand_ins_patches_alone(made: Path) -> None:
    assert export("hg", "-u", "Me <me@example.org>") == 0
    users = [Path("out", name).read_bytes().splitlines()[1].decode() for name in odd.PATCHES]
    assert users == [
        f"# User {odd.USERS['first.patch']}",
        "# User Me <me@example.org>",
        f"# User {odd.USERS['third.patch']}",
    ]


def test_a_bundle_for_a_clone(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = repository(made / "clone", odd.BASE, tag="5.2")
    before = sorted((p, p.stat().st_mtime_ns) for p in (clone / ".hg" / "store").rglob("*"))
    assert export("bundle", "-R", str(clone)) == 0
    (base,) = log(clone)
    assert capsys.readouterr().out.endswith(f"\nit is for repositories that have {base}\n")
    assert sorted((p, p.stat().st_mtime_ns) for p in (clone / ".hg" / "store").rglob("*")) == before
    hg.run("unbundle", Path("out").absolute(), cwd=clone)
    assert log(clone, "{p1node} {user}\n")[1:2] == [f"{base} {odd.USERS['first.patch']}"]
    assert log(clone, "{desc|firstline}\n")[1:] == [
        text.partition("\n")[0] for text in odd.DESCRIPTIONS.values()
    ]


def test_names_that_not_every_form_takes(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = odd.PATCHES.values()
    files = {"x/a.patch": first, "y/a.patch": second, "schön#1.patch": third}
    series = "".join(f"{name}\n" for name in files)
    write_tree(made / "own", {**files, "series": series.encode()})
    for form, names in {
        "quilt": list(files),
        "hg": list(files),
        "debian": list(files),
        "mq": ["x-a.patch", "y-a.patch", "sch-n-1.patch"],
        "rpm": ["x-a.patch", "y-a.patch", "sch-n-1.patch"],
        "nix": ["x-a.patch", "y-a.patch", "sch-n-1.patch"],
    }.items():
        words = ["export", "5.2", "--format", form, form, "--series", "../own/series"]
        assert run(words) == 0
        assert capsys.readouterr().out.splitlines()[1:4] == names
        listed = next(Path(form).rglob("series"))
        assert listed.read_text().splitlines() == names
        assert all((listed.parent / name).is_file() for name in names)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_there_stays(made: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").write_bytes(b"mine")
    assert export(form) == 2
    assert capsys.readouterr().err.startswith("hgport: out exists already (")
    assert Path("out").read_bytes() == b"mine"


@pytest.mark.parametrize("form", ["quilt", "git"])
def test_directories_above_are_made(made: Path, form: str) -> None:
    assert run(["export", "5.2", "--format", form, "a/b/out"]) == 0
    assert Path("a/b/out").exists()


@pytest.mark.parametrize("form", ["quilt", "git", "bundle"])
@pytest.mark.parametrize("destination", ["x" * 300, "/proc/nowhere/out"])
def test_no_place_for_it(
    made: Path, form: str, destination: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_bytes(b"mine")
    assert run(["export", "5.2", "--format", form, destination]) == 3
    err = capsys.readouterr().err
    assert err.startswith("hgport: cannot ") and err.count("\n") == 1
    assert [one.name for one in Path().iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["5.2", "--format", "quilt", ""], "'DEST': its name is empty"),
        (["5.2", "--format", "quilt", f"{__file__}/out"], f"{__file__} is no directory"),
        (["5.2", "--format", "git", "x/../out"], "x is no directory"),
        (["5.2", "--format", "tar", "out"], "'tar' is not one of 'quilt', 'mq'"),
        (["5.2", "out"], "say which form with --format (quilt, mq, "),
        (["5.2", "--format", "hg"], "Missing argument 'DEST'"),
        (["5.22", "--format", "hg", "out"], "no release or range '5.22'"),
        (["5.2", "--format", "hg", "out", "-u", "Me"], "'Me' has no mail address"),
        (["5.2", "--format", "hg", "out", "-u", "Me\n<m@example.org>"], "is no author's name"),
        (["5.2", "--format", "hg", "out", "-R", "x"], "-R goes with --format bundle only"),
        (["5.2", "--format", "bundle", "out", "--rev", "x"], "--rev goes with -R only"),
        (["5.2", "--format", "bundle", "out", "-R", "x"], "x is no Mercurial repository"),
        (["5.2", "--format", "hg", "out", "--series", "/nowhere/series"], "no series file"),
    ],
)
def test_wrong_commands(
    made: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run(["export", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_clone_without_the_release(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = repository(made / "clone", odd.BASE, tag="mine")
    assert export("bundle", "-R", str(clone)) == 2
    assert "say which revision with --rev" in capsys.readouterr().err
    assert export("bundle", "-R", str(clone), "--rev", "mine") == 0


def foreign(made: Path, patch: bytes) -> str:
    write_tree(made / "own", {"series": b"a.patch\n", "a.patch": patch})
    return str(made / "own" / "series")


@pytest.mark.parametrize("form", FORMS)
def test_a_conflict(made: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    patch = odd.PATCHES["first.patch"].replace(b"-line 3\n", b"-line three\n")
    assert export(form, "--series", foreign(made, patch)) == 1
    said = "hgport: a.patch does not apply to 5.2: f hunk 1 (line 1) (nothing was written)\n"
    assert capsys.readouterr().err == said
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("form", "code"),
    [("quilt", 0), ("mq", 0), ("debian", 0), ("hg", 2), ("git", 2), ("bundle", 2)],
)
def test_a_patch_that_names_nobody(
    made: Path, form: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    patch = b"topic: summary\n\n" + odd.PATCHES["second.patch"].partition(b"\n\n")[2]
    series = foreign(made, patch)
    assert export(form, "--series", series) == code
    if code:
        assert "a.patch names no author (say whose" in capsys.readouterr().err
        assert export(form, "--series", series, "-u", "Me <m@example.org>") == 0


@pytest.mark.parametrize("form", ["quilt", "debian", "rpm", "nix"])
@pytest.mark.parametrize(
    ("edits", "said"), [(odd.BINARY, "changes picture, whose"), (odd.LINK, "changes link, a sym")]
)
def test_beyond_gnu_patch(
    made: Path, form: str, edits: list[odd.Edit], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    series = foreign(made, odd.patch("second.patch", edits))
    assert export(form, "--series", series) == 1
    err = capsys.readouterr().err
    assert said in err and "export it as hg, mq, bundle or git" in err
    assert not Path("out").exists()
    assert export("git", "--series", series) == 0


def test_beyond_dpkg_source(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series = foreign(made, odd.patch("second.patch", odd.EMPTY))
    assert export("debian", "--series", series) == 1
    assert "a.patch makes empty, an empty file, which dpkg-source" in capsys.readouterr().err
    assert export("quilt", "--series", series) == 0


@pytest.mark.parametrize(
    ("user", "description", "code", "said"),
    [
        ("me", "topic: summary", 2, "its author 'me' has no mail address"),
        ("me <m@example.org>", "a: b\n\n--- x\nmore", 1, "the description's line '--- x'"),
        ("me <m@example.org>", "[tag] topic: b", 0, "git am shortens its subject"),
    ],
)
def test_what_git_does_not_take(
    made: Path,
    user: str,
    description: str,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    header = f"# HG changeset patch\n# User {user}\n# Date 0 0\n{description}\n\n"
    patch = header.encode() + odd.PATCHES["second.patch"].partition(b"\n\n")[2]
    assert export("git", "--series", foreign(made, patch)) == code
    told = capsys.readouterr()
    assert said in told.out + told.err


# a stack on top

MORE = patch_bytes(file_diff("new", b"#!/bin/sh\necho", b"#!/bin/sh\n"), subject="topic: more")


def on_top(made: Path) -> Path:
    more = made / "project/patches/more"
    write_tree(more, {"series": b"more.patch\n", "more.patch": MORE})
    return more


@pytest.mark.parametrize("form", FORMS)
def test_every_form_takes_a_stack_on_top(
    made: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    more = on_top(made)
    assert export(form, "--with", "more", "-u", "A <a@example.org>") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{made}/project/series and {more}/series for 5.2, as {form}, into out"
    assert said[1:5] == [*odd.PATCHES, "more.patch"]


def test_the_series_of_an_export_lists_all_stacks(made: Path) -> None:
    on_top(made)
    assert export("quilt", "--with", "more") == 0
    assert Path("out/series").read_text().split() == [*odd.PATCHES, "more.patch"]
    assert b"\n-echo\n" in Path("out/more.patch").read_bytes()


def test_a_stack_by_itself(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = on_top(made)
    own = patch_bytes(file_diff("script", b"#!/bin/sh\n", b"#!/bin/zsh\n"), subject="topic: more")
    (more / "more.patch").write_bytes(own)
    assert export("quilt", "--series", str(more)) == 0
    assert Path("out/series").read_text() == "more.patch\n"
    assert capsys.readouterr().out.splitlines()[0].startswith(f"{more}/series for 5.2, ")


def test_what_is_known_of_each_stack_is_said(made: Path) -> None:
    more = on_top(made)
    told = 'release = "5.2"\nmailed = [{date = 2026-11-22T20:00:00Z, message-id = "<1>"}]\n'
    files = {"series": b"more.patch\n", "more.patch": MORE, "sent.toml": told.encode()}
    write_tree(more / "sent/5.2/v1", files)
    own = patch_bytes(file_diff("newest", None, b"x\n"), subject="topic: mine")
    write_tree(made / "mine", {"series": b"mine.patch\n", "mine.patch": own})
    assert export("debian", "--with", "more", "--with", "../mine") == 0
    said = {p.name: p.read_text("latin-1") for p in Path("out/debian/patches").iterdir()}
    assert "\nForwarded: no\n" in said["first.patch"]
    assert "\nForwarded: yes\n" in said["more.patch"]
    # nobody knows that of a stack which is not the project's
    assert "Forwarded" not in said["mine.patch"]


def test_what_was_mailed_with_others_was_mailed(made: Path) -> None:
    on_top(made)
    told = 'release = "5.2"\nmailed = [{date = 2026-11-22T20:00:00Z, message-id = "<1>"}]\n'
    files = {"series": b"more.patch\nfirst.patch\n", "sent.toml": told.encode()}
    files |= {"more.patch": MORE, "first.patch": odd.PATCHES["first.patch"]}
    write_tree(made / "project/patches/sent/with-more/5.2/v1", files)
    assert export("debian", "--with", "more") == 0
    patches = Path("out/debian/patches")
    for name, said in (("first", "yes"), ("second", "no"), ("more", "yes")):
        assert f"\nForwarded: {said}\n" in (patches / f"{name}.patch").read_text("latin-1")


def test_an_unknown_changeset_of_upstreams_is_not_named(made: Path) -> None:
    on_top(made)
    catalogue = made / "project/patches/releases.toml"
    known = '[[absorbed]]\npatch = "more.patch"\nrelease = "9.9"\nfile = "f"\nline = "x"\n\n'
    late = '\n[[release]]\nversion = "9.9"\nsdist = "m.tar.gz"\nsize = 1\n'
    late += f'sha256 = "{"0" * 64}"\n'
    text = catalogue.read_text()
    at = text.index("[[release]]")
    catalogue.write_text(text[:at] + known + text[at:] + late)
    assert export("debian", "--with", "more") == 0
    assert (
        "\nOrigin: backport\nForwarded: not-needed\nApplied-Upstream: 9.9\n"
        in Path("out/debian/patches/more.patch").read_text()
    )


def test_a_conflict_on_top_writes_nothing(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = on_top(made)
    (more / "more.patch").write_bytes(MORE.replace(b" #!/bin/sh", b" #!/bin/zsh"))
    assert export("quilt", "--with", "more") == 1
    assert "more.patch does not apply to 5.2: new hunk 1" in capsys.readouterr().err
    assert not Path("out").exists()
