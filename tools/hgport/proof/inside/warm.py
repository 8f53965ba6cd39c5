"""A Mercurial that is started once, and forked for each command: ``warm.py HG DIRECTORY NAMES``.

Most of the time that a short command takes goes into loading Mercurial's modules.  This program
loads them, nothing else, and a command is a fork of it that then runs the release's script ``hg``
from its first line on: configuration, extensions, all that a command does is done by the fork.
(Mercurial's own ``chg`` works like that, and its commands, too, end without taking modules apart.)
Which modules these are is learned: what a command had to load by itself is loaded here after it,
and written to the file ``NAMES``, one a line, for the next that is started.

Python 2.7 and 3 read this.  Requests come as a JSON object a line on standard input; one has a
``number``, ``args``, ``cwd``, the whole ``env``, and the files ``stdout`` and ``stderr`` for what
is printed; a character of a text is a byte.  The answers have the same ``number``: one with a
``pid`` at once, and one with the ``status``, as of waitpid(), when the command has ended; its
process group is killed then.  ``{"end": number}`` before that, or the end of the input, kills it at
once.  ``DIRECTORY`` is for what has to be written on the way.
"""

from __future__ import absolute_import  # noqa: UP010

import atexit
import errno
import fcntl
import json
import os
import select
import signal
import sys
import threading
import types

_NEW = "new-modules"


class _Talk(object):  # noqa: UP004
    """The requests and the answers, on descriptors that no command gets."""

    def __init__(self):
        self.source, self._target = os.dup(0), os.dup(1)
        self._left = b""
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)

    def request(self):
        """The next one; None at the end."""
        while b"\n" not in self._left:
            some = _again(os.read, self.source, 1 << 16)
            if not some:
                return None
            self._left += some
        line, self._left = self._left.split(b"\n", 1)
        return json.loads(line.decode("ascii"))

    def answer(self, what):
        os.write(self._target, json.dumps(what).encode("ascii") + b"\n")

    def close(self):
        os.close(self.source)
        os.close(self._target)


class _Children(object):  # noqa: UP004
    """The one command that runs, if any."""

    def __init__(self):
        self._running = None
        self._forking = self._told_to_leave = False
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_NONBLOCK)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, self._leave)
        signal.set_wakeup_fd(wake)

    def fork(self):
        """As os.fork(); the child is as if this had never been."""
        self._forking = True
        pid = os.fork()
        if pid:
            self._running = pid
            self._forking = False
            if self._told_to_leave:
                self._leave(None, None)
            return pid
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(self._woken)
        os.close(self._wake)
        return 0

    def ended(self, talk, number):
        """Wait for the end of the command with this number; its status, None if our own end came
        before."""
        over = False
        while True:
            ready = _again(select.select, [self._woken] + [talk.source] * (not over), [], [])[0]
            if self._woken in ready:
                _drain(self._woken)
                done, status = os.waitpid(self._running, os.WNOHANG)
                if done:
                    # what it has left behind
                    _kill(os.killpg, self._running)
                    self._running = None
                    return None if over else status
            elif ready:
                request = talk.request()
                over = request is None
                if over or request.get("end") == number:
                    self.kill()

    def kill(self):
        if self._running is not None:
            # it may have no group of its own yet
            _kill(os.killpg, self._running)
            _kill(os.kill, self._running)

    def _leave(self, _number, _frame):
        if self._forking:
            # whom to kill is known in a moment
            self._told_to_leave = True
            return
        self.kill()
        os._exit(1)


def _kill(how, pid):
    try:  # noqa: SIM105
        how(pid, signal.SIGKILL)
    except OSError:
        pass  # it has ended


def _again(call, *args):
    """Make a call that Python 2 gives up when a signal comes."""
    while True:
        try:
            return call(*args)
        except (OSError, select.error) as err:  # noqa: UP024
            if err.args[0] != errno.EINTR:
                raise


def _drain(source):
    try:
        while os.read(source, 512):
            pass
    except OSError:
        pass  # there is no more


class _Modules(object):  # noqa: UP004
    """The modules that are loaded ahead, and the file that has their names."""

    def __init__(self, names, new):
        self._names, self._new = names, new
        self._tried = set()
        self._load(_lines(names))

    def learn(self):
        """Load what the last command had to load by itself."""
        new = _lines(self._new)
        if new:
            os.unlink(self._new)
            # another may be writing it, too
            beside = self._names + "." + str(os.getpid())
            with open(beside, "w") as target:
                target.write("\n".join(sorted(self._tried.union(new, _lines(self._names)))))
            os.rename(beside, self._names)
            self._load(new)

    def tell_new(self):
        """In a command: when it ends, write down what was not loaded ahead."""
        atexit.register(self._write_new)

    def _write_new(self):
        # what is loaded on demand, and was not, is of another type
        loaded = [name for name, one in list(sys.modules.items()) if type(one) is types.ModuleType]
        new = [n for n in loaded if n not in self._tried and not n.startswith(("__", "hgext_"))]
        if new:
            with open(self._new, "w") as target:
                target.write("\n".join(new))

    def _load(self, names):
        for name in names:
            self._tried.add(name)
            try:  # noqa: SIM105
                __import__(name)
            except Exception:
                pass  # a command that needs it will say what is wrong


def _lines(path):
    try:
        with open(path) as source:
            return source.read().split()
    except (IOError, OSError):  # noqa: UP024
        return []


def _bytes(text):
    return text.encode("latin-1")


def _become(request, hg):
    """Be a fresh process that was started with what a request says."""
    os.setsid()
    os.chdir(_bytes(request["cwd"]))
    environment = getattr(os, "environb", os.environ)
    environment.clear()
    environment.update((_bytes(name), _bytes(value)) for name, value in request["env"].items())
    words = [_bytes(word) for word in request["args"]]
    sys.argv[:] = [hg] + [getattr(os, "fsdecode", str)(word) for word in words]
    pycompat = sys.modules.get("mercurial.pycompat")
    if pycompat is not None and sys.version_info[0] > 2:
        # it has bytes of what the arguments were when it was loaded
        pycompat.sysargv = [os.fsencode(word) for word in sys.argv]
    if "random" in sys.modules:
        sys.modules["random"].seed()
    # last: that the files are there tells that all of it was done
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(_bytes(request[name]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(target, number)
        os.close(target)


def _serve(hg, directory, names):
    """Run what is asked for, until the end.  Returns in every fork, with True; at the end with
    False."""
    talk, children = _Talk(), _Children()
    new = os.path.join(directory, _NEW)
    modules = _Modules(names, new)
    while True:
        request = talk.request()
        if request is None:
            return False
        if "end" in request:
            continue  # what it would end has ended by itself
        number = request["number"]
        pid = children.fork()
        if not pid:
            talk.close()
            modules.tell_new()
            _become(request, hg)
            return True
        talk.answer({"number": number, "pid": pid})
        status = children.ended(talk, number)
        if status is None:
            return False
        talk.answer({"number": number, "status": status})
        modules.learn()


def _end(code):
    """Exit as Python would, save that modules are not taken apart: that would touch, and so copy,
    all memory that is shared with the others, and takes longer than most commands."""
    if threading.active_count() > 1 or not (code is None or isinstance(code, int)):
        return
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 255)


def _main():
    hg, directory, names = sys.argv[1:]
    # as Python does it for a script
    sys.argv[:] = [hg]
    sys.path[0] = os.path.dirname(hg)
    with open(hg, "rb") as script:
        code = compile(script.read(), hg, "exec", 0, True)
    if _serve(hg, directory, names):
        # Python 2 would empty this module if nobody held it
        this, main = sys.modules["__main__"], types.ModuleType("__main__")
        main.__file__ = hg
        sys.modules["__main__"] = main
        try:
            exec(code, main.__dict__)
        except SystemExit as err:
            _end(err.code)
            raise
        del this


_main()
