"""What is known of each mail when a delivery breaks, or is killed between any two steps."""

from __future__ import annotations

import collections
import os
import sys
import time
from pathlib import Path

import pytest

from helpers_smtp import DROP, Fault, MailServer, mail, mails
from hgport import process
from hgport.errors import OutsideError
from hgport.submit.delivery import deliver, how_far
from hgport.submit.message import Message
from hgport.submit.outbox import About, Outbox, Place, State
from hgport.submit.sendsettings import Program

ABOUT = About("series v1 for 7.2.4", "ab" * 32, {})


def numbers(outbox: Outbox, state: State) -> list[int]:
    return [message.number for message in outbox.those(state)]


@pytest.mark.parametrize(
    ("fault", "arrived", "said"),
    [
        (Fault("connect", "554 go away"), 0, "554 go away; did not go out: all 3 mails"),
        (
            Fault("MAIL", "451 later", 3),
            2,
            "451 later; went out: the introduction, 1 of 2; did not go out: 2 of 2",
        ),
        (
            Fault("end", DROP, 2, keeps=True),
            2,
            "it broke the connection; went out: the introduction; "
            "may have gone out: 1 of 2; did not go out: 2 of 2",
        ),
        (
            Fault("end", "552 too much", 2),
            1,
            "552 too much; went out: the introduction; did not go out: 1 of 2, 2 of 2",
        ),
        (
            Fault("MAIL", DROP, 3),
            2,
            "it broke the connection; went out: the introduction, 1 of 2; did not go out: 2 of 2",
        ),
    ],
)
def test_it_says_how_far_it_went(tmp_path: Path, fault: Fault, arrived: int, said: str) -> None:
    place = Place(tmp_path / "series")
    with place.held(), MailServer(fault) as server:
        outbox = place.put(ABOUT, mails())
        told: list[int] = []
        with pytest.raises(OutsideError) as caught:
            deliver(outbox, server.settings(), lambda message: told.append(message.number))
        assert caught.value.message.endswith(said)
        assert len(server.received) == arrived
        again = place.current()
        assert again is not None and how_far(again) == said.partition("; ")[2]
        assert told == numbers(again, State.SENT)
        # and the rest
        for message in again.those(State.SENDING):
            again.mark(message, State.SKIPPED)
        server.fault = None
        deliver(again, server.settings())
        assert server.subjects() == ["0", "1", "2"]
        assert again.finished


def test_what_is_sent_again_stays_in_doubt_until_it_has_gone(tmp_path: Path) -> None:
    place = Place(tmp_path / "series")
    with place.held(), MailServer(Fault("end", DROP, 1, keeps=True)) as server:
        outbox = place.put(ABOUT, mails())
        with pytest.raises(OutsideError):
            deliver(outbox, server.settings())
        server.fault = Fault("MAIL", "451 later", 2)
        again = outbox.those(State.SENDING)
        with pytest.raises(OutsideError, match="may have gone out: the introduction; did not"):
            deliver(outbox, server.settings(), again=again)
        assert outbox.those(State.SENDING) == again
        deliver(outbox, server.settings(), again=again)
        assert server.subjects() == ["0", "0", "1", "2"] and outbox.finished


def test_who_reads_along_may_leave(tmp_path: Path) -> None:
    def leave(_message: Message) -> None:
        raise BrokenPipeError

    place = Place(tmp_path / "series")
    with place.held(), MailServer() as server:
        outbox = place.put(ABOUT, mails())
        deliver(outbox, server.settings(), leave)
        assert server.subjects() == ["0", "1", "2"] and outbox.finished


def test_nothing_is_left_to_do(tmp_path: Path) -> None:
    place = Place(tmp_path / "series")
    with place.held():
        outbox = place.put(ABOUT, [mail(1)])
        outbox.mark(outbox.messages[0], State.SENT)
        deliver(outbox, Program(("/nowhere",)))
        assert how_far(outbox) == "went out: 1 of 1"


def test_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    """Before the last step nothing goes; after it, it is said that it went."""
    place = Place(tmp_path / "series")
    with place.held(), MailServer() as server:
        outbox = place.put(ABOUT, mails())
        journal = outbox.directory / "journal"
        journal.rename(tmp_path / "aside")
        with pytest.raises(OutsideError, match="cannot write .*journal: No such file"):
            deliver(outbox, server.settings())
        time.sleep(0.1)
        assert server.received == []
        (tmp_path / "aside").rename(journal)
        removes = f"import os, sys; sys.stdin.read(); os.unlink({str(journal)!r})"
        program = Program((sys.executable, "-c", removes))
        with pytest.raises(
            OutsideError, match="^the introduction went out, but that was not noted"
        ):
            deliver(outbox, program)


def test_the_journal_is_written_in_place(tmp_path: Path) -> None:
    """So that a disk that is full by then does not matter."""
    place = Place(tmp_path / "series")
    with place.held(), MailServer() as server:
        outbox = place.put(ABOUT, mails())
        before = (outbox.directory / "journal").stat()
        deliver(outbox, server.settings())
        after = (outbox.directory / "journal").stat()
    assert after.st_mtime_ns > before.st_mtime_ns
    assert (before.st_ino, before.st_size) == (after.st_ino, after.st_size)


# a run for each line of hgport's own that a delivery runs through, killed when it comes there
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, TESTS)
from helpers_smtp import mails
from hgport.submit import program, smtp
from hgport.submit.delivery import deliver
from hgport.submit.outbox import About, Place
from hgport.submit.sendsettings import Program, Smtp

OURS = ("outbox.py", "delivery.py", "smtp.py", "program.py", "files.py")

def deliver_it(root, last):
    seen = 0
    def trace(frame, event, _what):
        nonlocal seen
        if not frame.f_code.co_filename.endswith(OURS):
            return None
        if event == "line":
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    place = Place(root / "series")
    messages = mails(recipients=[f"n{last}@example.org"])
    sys.settrace(trace)
    with place.held():
        outbox = place.put(About("t", "d", {}), messages)
        deliver(outbox, SETTINGS)
        place.archive()
    sys.settrace(None)

last = START
while True:
    root = Path(ROOT) / str(last)
    child = os.fork()
    if not child:
        code = 1
        try:
            deliver_it(root, last)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        print(last, os.WEXITSTATUS(status))
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
    last += STEP
"""
# of about 700; all of them takes a minute
STEP = int(os.environ.get("HGPORT_TEST_EVERY_LINE", "0")) or 11


@pytest.mark.parametrize("skip", [False, True])
def test_killed_at_any_line(tmp_path: Path, skip: bool) -> None:
    with MailServer() as server:
        values = {
            "TESTS": str(Path(__file__).parents[1]),
            "ROOT": str(tmp_path),
            "START": 1 + (STEP // 2 if skip else 0),
            "STEP": STEP,
        }
        settings = f"SETTINGS = Smtp('localhost', {server.port})\n"
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        code = given + KILLED.replace("OURS =", settings + "OURS =", 1)
        done = process.run([sys.executable, "-c", code], timeout=200)
        end, exited = map(int, done.stdout.split())
        assert exited == 0 and end > 150
        doubtful = {}
        for last in range(values["START"], end, STEP):
            arrived = arrivals(server, last)
            place = Place(tmp_path / str(last) / "series")
            with place.held():
                outbox = place.current()
                if outbox is None:
                    # not there yet, or done with
                    assert place.past(ABOUT) is None
                    assert len(arrived) == (3 if place.past(About("t", "d", {})) else 0)
                    doubtful[last] = None
                    continue
                assert set(numbers(outbox, State.SENT)) <= set(arrived)
                assert not set(numbers(outbox, State.WAITING)) & set(arrived)
                doubtful[last] = numbers(outbox, State.SENDING)
                assert len(doubtful[last]) <= 1
                in_doubt = outbox.those(State.SENDING)
                if skip:
                    for message in in_doubt:
                        outbox.mark(message, State.SKIPPED)
                deliver(outbox, server.settings(), again=() if skip else in_doubt)
                place.archive()
        time.sleep(0.2)
        for last, numbers_in_doubt in doubtful.items():
            counts = collections.Counter(arrivals(server, last))
            if numbers_in_doubt is None:
                assert set(counts.values()) <= {1}
                continue
            for number in (0, 1, 2):
                surely = number not in numbers_in_doubt
                most = 1 if surely or skip else 2
                least = 0 if skip and not surely else 1
                assert least <= counts[number] <= most, (last, number)
        assert sum(bool(one) for one in doubtful.values()) >= 2


def arrivals(server: MailServer, last: int) -> list[int]:
    """The numbers of the mails of one run that have arrived."""
    mine = [m for m in list(server.received) if m.recipients == (f"n{last}@example.org",)]
    return [int(m.data.partition(b"\n\n")[2].split(b"\n")[0]) for m in mine]
