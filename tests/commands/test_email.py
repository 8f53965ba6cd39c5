"""``hgport email`` as a person calls it, up to the point where something would be sent."""

from __future__ import annotations

import json
import mailbox
import shlex
from pathlib import Path

import pytest

from helpers_email import made
from helpers_engine import Project, file_diff, patch_bytes
from hgport.cli import run
from hgport.submit.sevenbit import body_of

ME = ["--from", "Zoë <zoe@example.org>"]
TO = ["--to", "list@example.org"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = made(tmp_path / "project")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def test_the_mails_are_written_and_shown(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / "patches" / "email.toml").write_text('cc = "theirs@example.org"\n')
    assert run(["email", "5.2", *ME, *TO, "--flag", "stable"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == f"{project.root / 'series'} for 5.2, v1"
    at = lines.index("From:        Zoë <zoe@example.org>  (the command line)")
    # the last before the question, or the command
    assert not [line for line in lines[at:] if line.startswith("[PATCH")]
    assert "  Why é." in lines and "  - two goes otherwise" not in lines
    repositorys = f"the repository says so: {project.root / 'patches' / 'email.toml'}"
    assert f"Cc:          theirs@example.org  ({repositorys})" in lines
    shown = [line.partition("  (")[0] for line in lines if line.startswith("[PATCH")]
    assert shown == [
        "[PATCH 0 of 3 stable] one: ways around ë",
        "[PATCH 1 of 3 stable] one: a",
        "[PATCH 2 of 3 stable] two: b",
        "[PATCH 3 of 3 stable] three: ç",
    ]
    assert "written to one-5.2.mbox; nothing was sent" in lines
    assert lines[-1].startswith("to send: hgport email 5.2 --flag stable --from ")
    words = shlex.split(lines[-1].partition("hgport ")[2])
    assert words[-1] == "--send"
    before = Path("one-5.2.mbox").read_bytes()
    assert run(["email", "5.2", *ME, *TO]) == 2
    assert "one-5.2.mbox exists already (name another file" in capsys.readouterr().err
    assert Path("one-5.2.mbox").read_bytes() == before
    # the command that is shown composes the same mails
    assert run([*words[:-1], "--json", "--mbox", "again.mbox"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["subject"] for one in told["messages"]] == shown
    assert (told["to"], told["cc"]) == (["list@example.org"], ["theirs@example.org"])
    first, again = (mailbox.mbox(name)[1] for name in ("one-5.2.mbox", "again.mbox"))
    assert body_of(bytes(first)) == body_of(bytes(again))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say which release"),
        (["5.2", *TO], "nobody is named who submits the series (say --from"),
        (["5.2", *TO, "--from", "Zoë"], "from, by the command line: 'Zoë' has no mail address"),
        (["5.2", *ME], "nobody is to get the mails (say --to"),
        (["5.2", *ME, "--to", "a@x.org\nBcc: evil@x.org"], "to of the command line: "),
        (["5.2", *ME, *TO, "--bcc", "a@x.org\r\nX: y"], "bcc of the command line: "),
        (["5.2", *ME, *TO, "--flag", "a\nBcc: evil@x.org"], "flag of the command line: "),
        (["5.2", *ME, *TO, "--in-reply-to", "<a@b>\nBcc: x@y.org"], "is no Message-Id"),
        (["5.2", *ME, *TO, "--flag", "v2"], "v1 for 5.2 is not remembered"),
        (["5.2", *ME, *TO, "--mbox", "precious"], "precious exists already"),
        (["5.2", *ME, *TO, "--mbox", "none/box"], "there is no directory none"),
        (["5.2", *ME, *TO, "--cover", "none.md"], "cannot read none.md: No such file"),
        (["5.2..5.3", *ME, *TO], "'5.2..5.3' is 2 releases"),
        (["4.0", *ME, *TO], "4.0"),
        (["5.2", "--send", "--json"], "--send does not go with"),
        (["5.2", "--yes"], "--yes goes with --send"),
        (["5.2", "--resume"], "go alone"),
        (["--resume", "--discard"], "go alone"),
        (["--unsure", "skip"], "--unsure goes with --resume only"),
        (["--resume"], "nothing waits to be sent"),
        (["--resume", "--with", "mroe"], "there is no stack mroe"),
        (["5.2", *ME, *TO, "--with", "mroe"], "there is no stack mroe"),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(
    project: Project, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    Path("precious").write_bytes(b"mine")
    assert run(["email", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert [path.name for path in Path.cwd().iterdir()] == ["precious"]
    assert Path("precious").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("email.toml", 'to = "a@x.org\\nBcc: evil@x.org"', "email.toml: "),
        ("email.toml", 'bcc = "evil@x.org"', "which is no business of a repository's"),
        ("email.toml", '[extensions]\nx = "/tmp/x.py"', "which is no business of a repository's"),
        ("cover.md", "# a\x0bBcc: evil@x.org\n\nText.\n", "line 1 has a control character"),
        ("cover.md", "# {{topic: what}}\n\nText.\n", "is still the template's: {{topic: what}}"),
    ],
)
def test_a_hostile_repository_is_one_clear_line(
    project: Project, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    (project.root / "patches" / name).write_text(text)
    assert run(["email", "5.2", *ME, *TO, "--send", "--yes"]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert not (project.root / ".hgport").exists() and not [*Path.cwd().iterdir()]


def test_a_new_letter(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = project.root / "patches" / "cover.md"
    assert run(["email", "5.2", "--new-cover"]) == 2
    assert "cover.md exists already (edit it)" in capsys.readouterr().err
    path.unlink()
    assert run(["email", "5.2", "--new-cover", "--flag", "v2"]) == 0
    assert capsys.readouterr().out == f"written: {path}; fill it in\n"
    assert "- three: ç\n" in path.read_text(encoding="utf-8")
    assert "## Changes since v1\n" in path.read_text(encoding="utf-8")


def test_who_mails_the_file_has_it_remembered(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["email", "5.2", *ME, *TO, "--remember", "--mbox", "own"]) == 0
    where = project.root / "patches" / "sent" / "5.2" / "v1"
    assert capsys.readouterr().out.splitlines()[-1] == f"taken as sent: {where}"
    assert run(["email", "5.2", *ME, *TO, "--mbox", "again"]) == 2
    assert "mail a new version with --flag v2, or the same again with --resend" in (
        capsys.readouterr().err
    )


def test_the_file_that_was_mailed_is_remembered(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["email", "5.2", *ME, *TO]
    path = Path("one-5.2.mbox")
    assert run(words) == 0
    before = path.read_bytes()
    identifier = "".join(mailbox.mbox(path)[0]["Message-Id"].split())
    letter = project.root / "patches" / "cover.md"
    text = letter.read_bytes()
    # another letter than was mailed, and a mailbox that is none
    letter.write_bytes(text.replace(b"Why", b"Whence"))
    Path("precious").write_bytes(b"mine")
    capsys.readouterr()
    for other, said in (
        ([], "one-5.2.mbox is not what would be mailed now"),
        (["--mbox", "precious"], "precious is no mailbox that hgport wrote"),
    ):
        assert run([*words, "--remember", *other]) == 2
        assert said in capsys.readouterr().err
    sent = project.root / "patches" / "sent"
    assert not sent.exists()
    letter.write_bytes(text)
    # what cannot be noted is not said to be, and tried again
    sent.symlink_to("elsewhere")
    assert run([*words, "--remember"]) == 2
    out, err = capsys.readouterr()
    assert "sent is a symbolic link" in err and "sent:" not in out
    sent.unlink()
    named = ["--mbox", str(path)]
    assert run([*words, "--remember", *named]) == 0
    assert "these are the mails of one-5.2.mbox\n" in capsys.readouterr().out
    assert path.read_bytes() == before
    told = (sent / "5.2" / "v1" / "sent.toml").read_text(encoding="utf-8")
    assert identifier in told and told.count("[[mailed]]") == 1
    # the same file once more is the same mailing
    assert run([*words, "--remember", "--resend", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remembered"] == str(sent / "5.2" / "v1")
    assert (sent / "5.2" / "v1" / "sent.toml").read_text(encoding="utf-8") == told
    assert sorted(one.name for one in Path().iterdir()) == ["one-5.2.mbox", "precious"]


def test_a_letter_is_no_way_to_mail_a_private_file(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "private").write_text("# my settings\n\npassword = hunter2\n")
    letter = project.root / "patches" / "cover.md"
    letter.unlink()
    letter.symlink_to(tmp_path / "private")
    for more in ([], ["--send", "--yes"]):
        assert run(["email", "5.2", *ME, *TO, *more]) == 2
        out, err = capsys.readouterr()
        assert "cover.md leads to outside" in err and "hunter2" not in out + err
    assert not [*Path.cwd().iterdir()]


def test_a_yes_is_not_for_those_whom_only_the_repository_names(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / "patches" / "email.toml").write_text('to = "theirs@example.org"\n')
    assert run(["email", "5.2", *ME, "--send", "--yes"]) == 2
    assert "only the repository names theirs@example.org; nothing was sent" in (
        capsys.readouterr().err
    )
    assert not (project.root / ".hgport").exists()


# stacks on each other


def on_top(project: Project) -> Path:
    """A further stack of a patch that stands on the series' last one; its series file."""
    change = file_diff("h", b"\xff\n\xfe\n", b"\xff\n")
    return project.further("more", {"four.patch": patch_bytes(change, subject="four: d")})


def test_stacks_on_each_other_go_as_one_series(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    more = on_top(project)
    whole = ["email", "5.2", "--with", "more", *ME, *TO]
    assert run(whole) == 2
    letter = project.root / "patches" / "cover-with-more.md"
    assert f"there is no cover letter {letter}" in capsys.readouterr().err
    # another mailbox, which a person may have made before
    assert run(["email", "5.2", *ME, *TO]) == 0
    assert [path.name for path in Path.cwd().glob("*.mbox")] == ["one-5.2.mbox"]
    capsys.readouterr()
    assert run(["email", "5.2", "--with", "more", "--new-cover"]) == 0
    text = letter.read_text()
    assert [line for line in text.splitlines() if line.startswith("- ")] == [
        "- one: a",
        "- two: b",
        "- three: ç",
        "- four: d",
    ]
    letter.write_text("# topic: all of it\n\nWhy.\n")
    assert run(whole) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "written to one-5.2-with-more.mbox; nothing was sent" in lines
    assert f"{project.root / 'series'} and {more} for 5.2, v1" in lines
    shown = [line.partition("  (")[0] for line in lines if line.startswith("[PATCH")]
    assert (shown[0], shown[4]) == ("[PATCH 0 of 4] topic: all of it", "[PATCH 4 of 4] four: d")
    # the command that is shown composes the same mails
    words = shlex.split(lines[-1].partition("hgport ")[2])
    assert run([*words[:-1], "--json", "--mbox", "again.mbox"]) == 0
    assert [one["subject"] for one in json.loads(capsys.readouterr().out)["messages"]] == shown


def test_what_was_mailed_as_a_whole_is_no_version_of_its_parts(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    on_top(project)
    patches = project.root / "patches"
    (patches / "cover-with-more.md").write_text("# topic: all of it\n\nWhy.\n")
    assert run(["email", "5.2", "--with", "more", "--remember", *ME, *TO]) == 0
    sent = patches / "sent/with-more/5.2/v1"
    assert f"taken as sent: {sent}" in capsys.readouterr().out
    assert (sent / "series").read_text().split()[-1] == "four.patch"
    assert run(["email", "5.2", "--with", "more", *ME, *TO, "--mbox", "x"]) == 2
    assert "there is a v1 for 5.2" in capsys.readouterr().err
    assert run(["email", "5.2", *ME, *TO, "--remember", "--mbox", "own"]) == 0
    assert (patches / "sent/5.2/v1").is_dir()
    assert run(["email", "5.2", *ME, *TO, "--flag", "v2", "--since", "with-more/5.2/v1"]) == 2
    # a letter says what is new in the whole
    assert run(["email", "5.2", "--with", "more", *ME, *TO, "--flag", "v2"]) == 2
    assert "cover-with-more.md does not say what is new in v2" in capsys.readouterr().err


def test_a_further_stack_by_itself(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "patches" / "email.toml").write_text('to = "theirs@example.org"\n')
    change = file_diff("g", b"old\r\nFrom me\n", b"new\n")
    more = project.further("more", {"four.patch": patch_bytes(change, subject="four: d")})
    assert run(["email", "5.2", "--series", str(more.parent), *ME, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["subject"] for one in told["messages"]] == ["[PATCH] four: d"]
    # its project says to whom
    assert told["to"] == ["theirs@example.org"]
    (more.parent / "email.toml").write_text('to = "others@example.org"\n')
    assert run(["email", "5.2", "--series", str(more), *ME, "--json", "--mbox", "x"]) == 0
    assert json.loads(capsys.readouterr().out)["to"] == ["others@example.org"]


def test_a_conflict_on_top_makes_no_mails(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    change = file_diff("h", b"other\n", b"another\n")
    project.further("more", {"four.patch": patch_bytes(change, subject="four: d")})
    Path("letter").write_text("# topic: all of it\n\nWhy.\n")
    words = ["email", "5.2", "--with", "more", *ME, *TO, "--cover", "letter"]
    assert run(words) == 1
    assert "four.patch does not apply to 5.2: h hunk 1" in capsys.readouterr().err
    assert [path.name for path in Path.cwd().iterdir()] == ["letter"]
