"""An extension of the Mercurial under test: write down each time that a file-like body is sent.

It is read by every release from 4.5 on, in Python 2.7 and 3, and changes nothing that a release
does, but for the blobs on disk where a scenario wants these to change under its feet.

``HGPORT_PROBE`` is the file to write to, a JSON object a line.  ``HGPORT_PROBE_ROOT`` is the
directory whose files must not be open at the end.  ``HGPORT_PROBE_DISK`` is shrink, grow or vanish;
it is done to the files below the directories in ``HGPORT_PROBE_BLOBS``, when the first body has
been opened and not yet read.  The last two need ``/proc``.
"""

from __future__ import absolute_import  # noqa: UP010

import atexit
import json
import os

from mercurial import keepalive

_state = {"disk": os.environ.get("HGPORT_PROBE_DISK")}


def uisetup(ui):
    handler = keepalive.KeepAliveHandler
    start = handler._start_transaction

    def watched(self, connection, request, *args, **kwargs):
        body = getattr(request, "data", None)
        if not hasattr(body, "read"):
            return start(self, connection, request, *args, **kwargs)
        _change_disk()
        seen = {"body": type(body).__name__, "rewinds": 0, "reads": 0}
        own = _watch(body, seen)
        try:
            return start(self, connection, request, *args, **kwargs)
        finally:
            _leave(body, own)
            seen["url"] = request.get_full_url()
            _write("attempt", seen)

    handler._start_transaction = watched
    atexit.register(_write_open_files)


def _watch(body, seen):
    """Count into ``seen`` what is done to a body; return what its own attributes were."""
    own = {}
    for name, counter in (("seek", "rewinds"), ("read", "reads")):
        if hasattr(body, name):
            own[name] = body.__dict__.get(name)
            setattr(body, name, _counted(getattr(body, name), seen, counter))
    return own


def _leave(body, own):
    # else the body would hold itself, and its file be open for longer than the release has it
    for name, value in own.items():
        if value is None:
            delattr(body, name)
        else:
            setattr(body, name, value)


def _counted(plain, seen, what):
    def call(*args, **kwargs):
        if what == "reads" or args[:1] == (0,) and args[1:] in ((), (0,)):
            seen[what] += 1
        return plain(*args, **kwargs)

    return call


def _change_disk():
    """Do to the blobs what the scenario wants: shrink or grow those that are open, one by one
    sent, or remove all."""
    change, _state["disk"] = _state["disk"], None
    if not change:
        return
    tops = tuple(os.environ["HGPORT_PROBE_BLOBS"].split(os.pathsep))
    if change == "vanish":
        for top in tops:
            for directory, _directories, names in os.walk(top):
                for name in names:
                    os.unlink(os.path.join(directory, name))
                    _write("changed", {"file": name})
        return
    for path in set(_open_files(tops)):
        _write("changed", {"file": os.path.basename(path)})
        os.chmod(path, 0o644)
        with open(path, "r+b") as blob:
            blob.seek(0, os.SEEK_END)
            if change == "shrink":
                blob.truncate(blob.tell() // 2)
            else:
                blob.write(b"x" * 4096)


def _open_files(tops):
    """The files below some directories that this process has open."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue  # the one that listed them
        if path.startswith(tops):
            found.append(path)
    return found


def _write_open_files():
    root = os.environ["HGPORT_PROBE_ROOT"]
    found = _open_files((root,)) if os.path.isdir("/proc/self/fd") else []
    _write("open", {"files": [path[len(root) :] for path in found]})


def _write(kind, about):
    line = json.dumps(dict(about, kind=kind)) + "\n"
    # one write, so that the workers' lines do not mix
    handle = os.open(os.environ["HGPORT_PROBE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode("ascii"))
    finally:
        os.close(handle)
