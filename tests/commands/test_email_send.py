"""``hgport email --send``, ``--resume`` and ``--discard`` as a person uses them."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from helpers_shells import terminal
from helpers_smtp import DROP, PASSWORD, STALL, Fault, MailServer
from hgport.cli import run
from hgport.commands import email_send
from hgport.errors import HgportError
from hgport.model import project
from hgport.submit.compose import Composed, Request, compose
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.outbox import Place

BASE = numbered(30)
PATCHES = {
    "1.patch": patch_bytes(file_diff("f", BASE, numbered(30, line10="10")), subject="one: first"),
    "2.patch": patch_bytes(file_diff("g", b"old\n", b"new\n"), subject="two: second"),
}
WORDS = ["email", "5.2", "-u", "Zoë <zoe@example.org>", "--to", "list@example.org", "--send"]
GONE = "series v1 for 5.2: went out: all 3 mails"


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The mails, which take long to make."""
    made = Project(tmp_path_factory.mktemp("composed"))
    made.release("5.2", {"f": BASE, "g": b"old\n"})
    made.write("5.2", PATCHES)
    (made.root / "patches" / "cover.md").write_text("# both: first and second\n\nWhy.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_CACHE", str(made.cache))
        stack, catalogue = project.load(made.root / "series")
        me, list_ = Identity("Zoë", "zoe@example.org"), Identity("", "list@example.org")
        settings = Settings(me, (list_,), bcc=(Identity("", "hidden@example.org"),))
        return compose(Request(stack, catalogue, catalogue.release("5.2"), settings))


class Person:
    """Somebody with a copy of the project, and mails that were composed there."""

    def __init__(self, composed: Composed, root: Path) -> None:
        self.root = root
        shutil.copytree(composed.stack.top.path.parent, root)
        self.stack, self.catalogue = project.load(root / "series")
        self.composed = dataclasses.replace(composed, stack=self.stack)

    def send(self, *, yes: bool = True, resend: bool = False) -> tuple[int, str]:
        """The exit code, and what the error says."""
        try:
            return email_send.send(self.composed, yes=yes, resend=resend), ""
        except HgportError as err:
            return err.exit_code, f"{err.message} ({err.hint})"


@pytest.fixture
def made(composed: Composed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person(composed, tmp_path / "project")
    monkeypatch.setenv("HGPORT_PROJECT", str(person.root))
    monkeypatch.setenv("HGPORT_CACHE", str(person.root / "cache"))
    return person


def use(server: MailServer, made: Person, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    monkeypatch.setenv("HGRCPATH", str(server.hgrc(made.root.parent / "hgrc", more)))


def current(made: Person) -> Path:
    """The outbox that is not done with."""
    return Place(made.stack.top.path).directory / "current"


def arrived(server: MailServer) -> list[str]:
    found = [re.search(rb"^Subject: \[PATCH (\d of \d)", one.data, re.M) for one in server.received]
    return [one[1].decode() for one in found if one]


ALL = ["0 of 2", "1 of 2", "2 of 2"]


def test_it_is_sent_once(
    made: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with MailServer(tls="starttls", login=True) as server:
        use(server, made, monkeypatch)
        assert run([*WORDS, "--yes"]) == 0
        out = capsys.readouterr().out.splitlines()
        remembered = made.root / "patches" / "sent" / "5.2" / "v1"
        assert out[-2:] == [GONE, f"remembered in {remembered}"]
        assert [line for line in out if line.startswith("sent: ")] == [
            "sent: [PATCH 0 of 2] both: first and second",
            "sent: [PATCH 1 of 2] one: first",
            "sent: [PATCH 2 of 2] two: second",
        ]
        assert (remembered / "1.patch").is_file()
        assert arrived(server) == ALL
        # neither again, nor to go on with, nor to give up
        assert run([*WORDS, "--yes"]) == 2
        assert run(["email", "--resume"]) == run(["email", "--discard", "--yes"]) == 2
        assert "nothing waits to be sent" in capsys.readouterr().err
        # nor if it is forgotten that it was
        shutil.rmtree(made.root / "patches" / "sent")
        told = (
            "series v1 for 5.2 was mailed before: went out: all 3 mails (--resend mails it again)"
        )
        assert made.send() == (2, told)
        assert arrived(server) == ALL
        assert made.send(resend=True) == (0, "")
        assert arrived(server) == ALL + ALL


def test_by_a_program(made: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "post"
    script.write_text(f'#!/bin/sh\ncat >> "{tmp_path}/spool"; echo "$@" >> "{tmp_path}/words"\n')
    script.chmod(0o755)
    (tmp_path / "hgrc").write_text(f"[email]\nmethod = {script} -i\n")
    monkeypatch.setenv("HGRCPATH", str(tmp_path / "hgrc"))
    assert made.send() == (0, "")
    spool = b"".join(message.data for message in made.composed.messages)
    assert (tmp_path / "spool").read_bytes() == spool
    words = (tmp_path / "words").read_text().splitlines()
    assert len(words) == 3 and words[0].startswith("-i -f zoe@example.org ")
    assert set(words[0].split()[3:]) == {"list@example.org", "hidden@example.org"}


@pytest.mark.parametrize(
    ("rc", "said"),
    [
        ("[smtp]\nhost =\n", "no mail server is known"),
        ("[smtp]\nhost = h\ntls = tls\n", "smtp.tls is none, starttls or smtps"),
        ("[smtp]\nhost = h\nusername = zoe\n", "wants a password, and there is no terminal"),
        ("[smtp]\nhost = h\n", "wants a yes, and there is no terminal: nothing was sent"),
        ("[email]\nmethod = no-such-program\n", "names no program"),
    ],
)
def test_nothing_is_sent_by_accident(
    made: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rc: str, said: str
) -> None:
    (tmp_path / "hgrc").write_text(rc)
    monkeypatch.setenv("HGRCPATH", str(tmp_path / "hgrc"))
    code, told = made.send(yes=False)
    assert code == 2 and said in told
    assert not current(made).exists()


def test_a_break_and_the_rest(
    made: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server drops the connection after it has taken the second of three."""
    with MailServer(Fault("end", DROP, 2, keeps=True)) as server:
        use(server, made, monkeypatch)
        how_far = "went out: the introduction; may have gone out: 1 of 2; did not go out: 2 of 2"
        assert made.send() == (
            3,
            f"localhost port {server.port}: it broke the connection; {how_far} "
            "(hgport email --resume sends the rest)",
        )
        # what is unfinished is in the way
        for resend in (False, True):
            code, told = made.send(resend=resend)
            whom = "to list@example.org, hidden@example.org, is not done with"
            assert code == 2 and told.startswith(f"series v1 for 5.2, {whom}: {how_far} (")
        # and nobody guesses
        capsys.readouterr()
        assert run(["email", "--resume", "--yes"]) == 2
        said = capsys.readouterr()
        assert "a mail may have gone out already" in said.err
        assert "may have gone out: [PATCH 1 of 2] one: first" in said.out
        assert arrived(server) == ALL[:2]
        assert run(["email", "--resume", "--unsure", "skip"]) == 2
        said = capsys.readouterr()
        assert "to send: [PATCH 2 of 2] two: second (zoe@example.org to " in said.out
        assert "nothing more was sent" in said.err and arrived(server) == ALL[:2]
        assert run(["email", "--resume", "--unsure", "skip", "--yes"]) == 0
        assert arrived(server) == ALL
        assert "may have gone out: 1 of 2\n" in capsys.readouterr().out
        assert (made.root / "patches" / "sent" / "5.2" / "v1").is_dir()
        assert made.send()[0] == 2


def test_a_server_that_is_away(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not begun is in nobody's way."""
    with MailServer(Fault("connect", "421 later")) as server:
        use(server, made, monkeypatch)
        code, told = made.send()
        assert code == 3 and "did not go out: all 3 mails (hgport email --resume" in told
        assert arrived(server) == []
        assert made.send() == (0, "")
        assert arrived(server) == ALL


def test_another_series_is_named_in_the_hint(
    made: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HGPORT_PROJECT", str(made.root.parent))
    with MailServer(Fault("connect", "421 later")) as server:
        use(server, made, monkeypatch)
        hint = f"hgport email --resume --series {made.root / 'series'} sends the rest"
        assert made.send()[1].endswith(f"({hint})")
        assert run([*hint.split()[1:5], "--yes"]) == 0


def test_the_stacks_of_a_whole_are_named_in_the_hint(
    made: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches = made.root / "patches"
    (patches / "more").mkdir()
    (patches / "more/series").write_text("3.patch\n")
    (patches / "more/3.patch").write_bytes(PATCHES["2.patch"])
    made.composed = dataclasses.replace(made.composed, stack=project.load(over=["more"])[0])
    with MailServer(Fault("connect", "421 later")) as server:
        use(server, made, monkeypatch)
        hint = "hgport email --resume --with more sends the rest"
        assert made.send()[1].endswith(f"({hint})")
        # what waits is the whole's, and not the series'
        assert run(["email", "--resume", "--yes"]) == 2
        assert run([*hint.split()[1:5], "--yes"]) == 0
    assert (patches / "sent/with-more/5.2/v1").is_dir()
    assert not (patches / "sent/5.2").exists()


def test_giving_up(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer(Fault("MAIL", "550 no", 2)) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        assert run(["email", "--discard"]) == 2
        assert run(["email", "--discard", "--yes"]) == 0
        assert run(["email", "--resume"]) == 2
        # that some of it went out is known
        assert (made.root / "patches" / "sent" / "5.2" / "v1" / "1.patch").is_file()
        code, told = made.send()
        assert code == 2 and "was mailed before: went out: the introduction" in told
        assert arrived(server) == ALL[:1]


def test_giving_up_what_has_not_begun(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer(Fault("MAIL", "550 no")) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        assert run(["email", "--discard", "--yes"]) == 0
        assert made.send() == (0, "")


def test_a_damaged_outbox(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer(Fault("MAIL", "550 no", 2)) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        (current(made) / "journal").write_bytes(b"")
        code, told = made.send()
        assert code == run(["email", "--resume"]) == 1 and "is damaged" in told
        assert run(["email", "--discard", "--yes"]) == 0
        assert not current(made).exists()
        assert (current(made).parent / "sent" / "1" / "journal").exists()


def test_what_cannot_be_remembered(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has gone out all the same, and is not sent again."""
    with MailServer() as server:
        use(server, made, monkeypatch)
        sent = made.root / "patches" / "sent"
        sent.write_text("in the way")
        code, told = made.send()
        assert code == 3 and told.startswith("went out: all 3 mails; yet cannot write below")
        assert made.send()[0] == 2
        sent.unlink()
        assert run(["email", "--resume"]) == 0  # sends nothing, so asks nothing
        assert arrived(server) == ALL and (sent / "5.2" / "v1").is_dir()


def test_the_hint_says_both(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to mend, and how to go on then."""
    with MailServer() as server:
        use(server, made, monkeypatch)
        assert made.send() == (0, "")
        patch = made.root / "patches" / "sent" / "5.2" / "v1" / "1.patch"
        patch.write_bytes(patch.read_bytes().replace(b"+10", b"+11"))
        code, told = made.send(resend=True)
        assert code == 2 and told.startswith("went out: all 3 mails; yet other patches were sent")
        assert told.endswith("(mail these as --flag v2; hgport email --resume ends it)")


def test_an_answer_counts_when_all_is_confirmed(
    made: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(Fault("end", DROP, 1, keeps=True)) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        # said, and not confirmed: there is no terminal
        assert run(["email", "--resume", "--unsure", "again"]) == 2
        # confirmed, and not done
        server.fault = Fault("MAIL", "451 later", server.counts["MAIL"] + 1)
        assert run(["email", "--resume", "--unsure", "again", "--yes"]) == 3
        assert run(["email", "--resume", "--yes"]) == 2
        assert run(["email", "--resume", "--unsure", "skip", "--yes"]) == 0
        assert arrived(server) == ALL


def test_what_waits_for_others_is_not_replaced(
    made: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(Fault("MAIL", "451 later")) as server:
        use(server, made, monkeypatch)
        first = made.composed
        assert made.send()[0] == 3
        others = [dataclasses.replace(m, recipients=("o@example.org",)) for m in first.messages]
        for other in (
            dataclasses.replace(first, messages=tuple(others)),
            dataclasses.replace(first, digest="0" * 64),
        ):
            made.composed = other
            code, told = made.send()
            assert code == 2 and "is not done with: did not go out: all 3 mails (" in told
            assert told.endswith("ends it, --discard gives it up)")
        made.composed = first
        assert made.send() == (0, "") and arrived(server) == ALL


def test_an_outbox_of_somebody_elses_is_none(
    made: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that lies in the checkout, where all seems to be done but to remember it."""
    with MailServer(Fault("MAIL", "451 later")) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        theirs = made.root / ".hgport" / "outbox" / "current"
        theirs.parent.mkdir(parents=True)
        current(made).rename(theirs)
        (theirs / "journal").write_bytes(b"sent   \n" * 3)
        for option in ("--resume", "--discard"):
            assert run(["email", option, "--yes"]) == 2
            assert "nothing waits to be sent" in capsys.readouterr().err
        assert not (made.root / "patches" / "sent").exists()
        assert made.send() == (0, "") and arrived(server) == ALL


@pytest.mark.parametrize(
    ("key", "value"),
    [("patches", [["../../1.patch", ""]]), ("patches", [5]), ("settings", {}), ("digest", "x")],
)
def test_what_it_keeps_is_not_believed(
    made: Person,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    value: object,
) -> None:
    with MailServer(Fault("MAIL", "451 later", 2)) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        head = current(made) / "outbox.json"
        told = json.loads(head.read_text())
        told["kept"][key] = value
        told["title"] = told["messages"][1]["subject"] = "hi\x1b[2J\x1b[1A"
        head.write_text(json.dumps(told))
        capsys.readouterr()
        assert run(["email", "--resume", "--yes"]) == 1
        assert "is damaged: ValueError: " in capsys.readouterr().err
        assert run(["email", "--discard", "--yes"]) == 0
        out = capsys.readouterr().out
        assert "hi [2J [1A: went out: the introduction; did" in out and "\x1b" not in out
        assert "not remembered: the outbox" in out and not current(made).exists()
        assert arrived(server) == ALL[:1]


def test_nothing_shown_moves_the_cursor(
    made: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with MailServer(Fault("end", DROP, 1)) as server:
        use(server, made, monkeypatch)
        assert made.send()[0] == 3
        head = current(made) / "outbox.json"
        told = json.loads(head.read_text())
        for one in told["messages"]:
            one.update(subject="hi\x1b[2J", message_id="<\x1b[1A@x>")
        head.write_text(json.dumps(told))
        assert run(["email", "--resume", "--unsure", "again", "--yes"]) == 0
        out = capsys.readouterr().out
        assert "sent: hi [2J\n" in out and "to send: hi [2J (zoe" in out and "  < [1A@x>\n" in out
        assert "\x1b" not in out


def test_a_stall_ends(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer(Fault("end", STALL, 3)) as server:
        use(server, made, monkeypatch, "[hgport]\nsmtp-timeout = 1")
        code, told = made.send()
        assert code == 3
        assert "it does not answer in time; went out: the introduction, 1 of 2; may have" in told


# in another process, which goes on with an outbox of which nothing has gone


def begun(made: Person, server: MailServer, fault: Fault | None) -> subprocess.Popen[bytes]:
    """A run that sends all; the server does what ``fault`` says there."""
    server.fault = Fault("EHLO", DROP)
    assert made.send()[0] == 3
    server.counts.clear()
    server.struck.clear()
    server.fault = fault
    return start(["email", "--resume", "--yes"], made)


def start(words: list[str], made: Person) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hgport", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=made.root,
    )


def test_killed_while_the_server_has_it(
    made: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nobody else may send meanwhile."""
    with MailServer() as server:
        use(server, made, monkeypatch)
        child = begun(made, server, Fault("end", STALL, 2, keeps=True))
        try:
            assert server.struck.wait(60)
            for words in (["email", "--resume"], ["email", "--discard", "--yes"]):
                assert run(words) == 1
                assert "another hgport is sending from" in capsys.readouterr().err
        finally:
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=10)
        assert arrived(server) == ALL[:2]
        # what may have gone out stays so until it has
        server.fault = Fault("MAIL", "451 later", server.counts["MAIL"] + 1)
        again = ["email", "--resume", "--unsure", "again", "--yes"]
        assert run(again) == 3
        assert "may have gone out: 1 of 2; did not go out: 2 of 2 (" in capsys.readouterr().err
        assert run(again) == 0
        assert arrived(server) == [*ALL[:2], *ALL[1:]]
        ids = {one.data.partition(b"Message-Id: ")[2].split(b"\n")[0] for one in server.received}
        assert len(ids) == 3


def test_nobody_reads_along_any_more(
    made: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``| head``: the mails go out all the same."""
    script = tmp_path / "post"
    script.write_text(f"""#!/bin/sh
        cat >> "{tmp_path}/spool"
        test -e "{tmp_path}/first" || {{ touch "{tmp_path}/first"; exit; }}
        until test -e "{tmp_path}/go"; do sleep 0.05; done
        """)
    script.chmod(0o755)
    (tmp_path / "hgrc").write_text(f"[email]\nmethod = {script}\n")
    monkeypatch.setenv("HGRCPATH", str(tmp_path / "hgrc"))
    child = start([*WORDS, "--yes"], made)
    assert child.stdout is not None and child.stderr is not None
    assert any(line.startswith(b"sent: ") for line in child.stdout)
    child.stdout.close()
    (tmp_path / "go").touch()
    assert child.wait(60) == 141 and child.stderr.read() == b""
    child.stderr.close()
    assert (tmp_path / "spool").read_bytes().count(b"\nMessage-Id: ") == 3
    assert (made.root / "patches" / "sent" / "5.2" / "v1").is_dir() and not current(made).exists()


def test_interrupted(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as server:
        use(server, made, monkeypatch)
        child = begun(made, server, Fault("MAIL", STALL, 2))
        assert server.struck.wait(60)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=10)
        assert child.returncode == 130 and b"Send 3 mails to list@" in out
        assert [line for line in err.decode().splitlines() if line] == [
            "went out: the introduction; did not go out: 1 of 2, 2 of 2",
            "hgport email --resume sends the rest",
            "hgport: interrupted",
        ]
        server.fault = None
        assert run(["email", "--resume", "--yes"]) == 0
        assert arrived(server) == ALL


def test_at_a_terminal(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for a yes, for the password, and for what is to become of a mail in doubt."""
    with MailServer(Fault("end", DROP, 2, keeps=True), login=True) as server:
        use(server, made, monkeypatch)
        rc = Path(os.environ["HGRCPATH"])
        rc.write_text(re.sub("password = .*\n", "", rc.read_text()))
        for answer, sends in (("n", False), ("y", True)):
            with terminal([sys.executable, "-m", "hgport", *WORDS], made.root, os.environ) as seen:
                seen.wait(r"Send 3 mails to list@example.org by localhost port \d+ \(no TLS, ")
                seen.wait(r"login as zoe, password in clear\)\?")
                seen.type(f"{answer}\r")
                if not sends:
                    seen.wait("nothing was sent")
                    assert server.received == []
                    continue
                seen.wait("Password of zoe on localhost: ")
                seen.type(f"{PASSWORD}\r")
                seen.wait("sends the rest")
        words = [sys.executable, "-m", "hgport", "email", "--resume"]
        with terminal(words, made.root, os.environ) as seen:
            seen.wait(r"What with it \(again, skip\)")
            seen.type("skip\r")
            seen.wait("Send 1 mail to list@example.org by localhost")
            seen.type("y\r")
            seen.wait("Password of zoe")
            seen.type(f"{PASSWORD}\r")
            seen.wait("remembered in")
        assert arrived(server) == ALL


def test_two_at_once(made: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sends, the other is told."""
    with MailServer() as server:
        use(server, made, monkeypatch)
        first = begun(made, server, None)
        second = start(["email", "--resume", "--yes"], made)
        codes = []
        for child in (first, second):
            child.communicate(timeout=60)
            codes.append(child.returncode)
        assert sorted(codes) in ([0, 1], [0, 2])
        assert arrived(server) == ALL
