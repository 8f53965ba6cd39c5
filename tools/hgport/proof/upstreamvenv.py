"""The virtual environment that ``run-tests.py --local`` of a release from 7.0 on wants to find."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hgport.process import run
from hgport.proof.interpreters import Interpreter

# as it stands in run-tests.py; % for the interpreter's name and version
_NAME = re.compile(r"""\bb['"](\.[\w.%]*-?venv[\w.%]*)['"]""")
_SECONDS = 120

_IMPLEMENTATION = "import sys; print(sys.implementation.name)"
_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"
_HG = """\
#!{python}
import hgdemandimport

hgdemandimport.enable()
from mercurial import dispatch

dispatch.run()
"""


def provide(tree: Path, interpreter: Interpreter) -> None:
    """Make the environment, if the release in ``tree`` is one that wants it, of which the modules
    are those of the tree.  Raises ProgramFailed if the interpreter cannot."""
    name = wanted((tree / "tests" / "run-tests.py").read_text("utf-8", "replace"), interpreter)
    if name is None:
        return
    place = tree / name
    _isolated(interpreter.path, "-m", "venv", "--without-pip", place, cwd=tree)
    # under the name by which tests call it: to the other one run-tests.py makes a link, of which
    # Python does not see that it belongs to an environment
    python = place / "bin" / "python3"
    (Path(_answer(python, _PACKAGES)) / "tree.pth").write_text(f"{tree}\n")
    program = place / "bin" / "hg"
    program.write_text(_HG.format(python=python))
    program.chmod(0o755)


def wanted(script: str, interpreter: Interpreter) -> str | None:
    """The name of the directory that this ``run-tests.py`` looks for beside its own, if any."""
    found = _NAME.search(script)
    if found is None:
        return None
    name = found.group(1)
    if "%" in name:
        major, minor = interpreter.version.split(".")
        name = name % (_answer(interpreter.path, _IMPLEMENTATION), int(major), int(minor))
    return name


def _answer(python: Path, code: str) -> str:
    return _isolated(python, "-c", code, cwd=python.parent).decode().strip()


def _isolated(python: Path, *words: str | Path, cwd: Path) -> bytes:
    """What a Python 3 prints that gets nothing of the person's: no setting, no module that lies
    about."""
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    return run([python, "-I", *words], cwd=cwd, env=env, timeout=_SECONDS).stdout
