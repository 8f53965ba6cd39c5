"""What a key of one of upstream's tests is made of."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from helpers_imports import PACKAGE, imported
from helpers_proof import catalogue
from hgport.proof import upstreamkey
from hgport.proof.interpreters import Interpreter
from hgport.proof.upstreamkey import key
from hgport.proof.upstreamrun import Work

TEST = "test-a.t"
WORK = Work(
    Path(),
    catalogue().release("5.2.2"),
    Interpreter("2.7", Path("python2.7"), "2.7.18; OpenSSL"),
    {"mercurial/url.py": b"x", f"tests/{TEST}": b"a", "tests/test-b.t": b"b"},
    (f"tests/{TEST}", "tests/test-b.t"),
    (TEST, "test-b.t"),
    1,
)


def test_what_goes_into_a_key() -> None:
    def of(**changed: object) -> str:
        return key(dataclasses.replace(WORK, **changed), TEST)  # type: ignore[arg-type]

    changed = [
        key(WORK, "test-b.t"),
        of(release=catalogue().release("5.1.2")),
        of(interpreter=Interpreter("2.7", Path("python2.7"), "2.7.18; another")),
        of(replaced={**WORK.replaced, "mercurial/url.py": b"y"}),
        of(replaced={**WORK.replaced, "mercurial/url.py": None}),
        of(replaced={**WORK.replaced, f"tests/{TEST}": b"y"}),
        of(replaced={**WORK.replaced, "tests/hghave.py": b"y"}),
        of(executable=("tests/test-b.t",)),
    ]
    assert len({of(), *changed}) == len(changed) + 1
    # neither the other tests nor where and how many at once
    assert of(replaced={**WORK.replaced, "tests/test-b.t": b"y"}) == of()
    assert of(executable=(f"tests/{TEST}",)) == of()
    assert of(tests=(TEST,), jobs=7, room=Path("/room")) == of()


def test_all_code_that_makes_a_tree_and_runs_tests_in_it_goes_into_a_key() -> None:
    by_value = {"proof/interpreters.py", "proof/upstreamverdict.py", "proof/upstreamfailures.py"}
    # whatever these do, an sdist has the hash that is in the key, or is refused
    checked = {f"upstream/{one}.py" for one in ("sdist", "download", "index")}
    kept = {"sqlitecache.py", "proof/upstreamresults.py"}
    # only for the words of an error
    kept.add("model/catalogue.py")
    neither = (
        by_value | checked | kept | {"errors.py", "output.py", "places.py", "model/release.py"}
    )
    reached: set[str] = set()
    fresh = {"proof/upstreamruns.py"}
    while fresh:
        reached |= fresh
        found = {other for name in fresh for other in imported(PACKAGE / name)}
        fresh = {str(path.relative_to(PACKAGE)) for path in found} - reached - neither
    assert reached <= set(upstreamkey._HARNESS)
    # and where all that happens, though it is made by the caller
    assert "proof/world.py" in upstreamkey._HARNESS
    assert {"engine/apply.py", "process.py", "upstream/tree.py"} <= reached
