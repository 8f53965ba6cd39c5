"""The proof itself, on real releases, with few rows; and what goes wrong on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers_proof import evidence, interpreter
from hgport.model import project
from hgport.model.patch import Patch
from hgport.model.ranges import select
from hgport.model.stack import Stack
from hgport.proof import plan
from hgport.proof.expectations import STORED
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Plan, Subject
from hgport.proof.prover import Verdict, prove
from hgport.proof.results import Results
from hgport.proof.scenarios import SCENARIOS
from hgport.upstream.contents import Contents

STACK, CATALOGUE = project.load()
ROWS = {
    (row.transport, row.fault.name): row
    for row in SCENARIOS
    if row.operation.name == "lfs push, large blobs" and not row.workers
}


def planned(
    version: str, python: Interpreter, *rows: tuple[str, str], stack: Stack = STACK
) -> Plan:
    demanded = [(CATALOGUE.release(version), (python.version,))]
    chosen = [ROWS[row] for row in rows]
    return plan.make(stack, CATALOGUE, demanded, {python.version: python}, rows=chosen)


def run(made: Plan, path: Path, *, jobs: int = 2, fresh: bool = False) -> list[Verdict]:
    told: list[Subject] = []

    def tell(subject: Subject, verdicts: Sequence[Verdict]) -> None:
        told.append(subject)
        assert {verdict.cell.subject for verdict in verdicts} == {subject}

    with Contents() as contents, Results(path) as results:
        verdicts = prove(made, results, contents, tell, jobs=jobs, fresh=fresh)
    assert sorted(map(id, told)) == sorted(map(id, {v.cell.subject: 0 for v in verdicts}))
    return verdicts


def outcomes(verdicts: Sequence[Verdict]) -> list[tuple[str, bool]]:
    return [(verdict.cell.expected.name, verdict.as_stated) for verdict in verdicts]


@pytest.mark.parametrize(
    ("version", "python", "row"),
    [
        ("5.2.2", "3.8", ("https", "idle close")),
        ("5.2.2", "2.7", ("http", "401 after the body")),
        ("4.9.1", "2.7", ("https", "reset in mid-body")),
    ],
)
def test_the_bug_shows_and_is_gone(
    tmp_path: Path, version: str, python: str, row: tuple[str, str]
) -> None:
    made = planned(version, interpreter(CATALOGUE.release(version), python), row)
    verdicts = run(made, tmp_path / "p")
    assert [verdict.problems for verdict in verdicts] == [()] * 4
    assert outcomes(verdicts) == [
        ("hang", True),
        ("refused", True),
        ("stored", True),
        ("stored", True),
    ]
    again = run(made, tmp_path / "p")
    assert all(verdict.cached for verdict in again)
    assert outcomes(again) == outcomes(verdicts)


def test_a_current_release_is_sound_before_and_after(tmp_path: Path) -> None:
    release = select(CATALOGUE, "7.2")[0]
    rows = ("http", "reset in mid-body"), ("https", "idle close")
    verdicts = run(planned(release.version, interpreter(release), *rows), tmp_path / "p")
    assert [verdict.problems for verdict in verdicts] == [()] * len(verdicts)
    assert {name for name, _right in outcomes(verdicts)} == {"stored"}


def test_what_does_not_happen_as_stated_is_a_failure(tmp_path: Path) -> None:
    release = CATALOGUE.release("5.2.2")
    made = planned(
        "5.2.2", interpreter(release, "3.8"), ("http", "no fault"), ("http", "idle close")
    )
    # as if the table stated the opposite of what is
    sound, faulty = made.cells[:2]
    swapped = (
        dataclasses.replace(sound, expected=faulty.expected),
        dataclasses.replace(faulty, expected=STORED),
    )
    first, second = run(Plan(swapped, ()), tmp_path / "p")
    assert first.problems == ("it did not hang",)
    assert second.problems[0] == "it hung"
    assert second.observed == "hung, 0 of 3 stored"


def test_what_was_wrong_is_not_taken_for_known(tmp_path: Path) -> None:
    release = CATALOGUE.release("5.2.2")
    whole = planned("5.2.2", interpreter(release, "3.8"), ("http", "no fault"))
    made = Plan(whole.cells[:1], ())
    with Results(tmp_path / "p") as results:
        results.put({made.cells[0].key: evidence(exit_code=-9, timed_out=True, seconds=60.0)})
    (verdict,) = run(made, tmp_path / "p")
    assert verdict.as_stated and not verdict.cached
    assert [verdict.cached for verdict in run(made, tmp_path / "p")] == [True]


def once_broken(tmp_path: Path, python: Interpreter) -> Interpreter:
    """An interpreter whose first push ends with code 7."""
    script, mark = tmp_path / "python3.8", tmp_path / "pushed"
    script.write_text(f"""#!/bin/sh
case " $* " in *" push "*) test -e {mark} || {{ touch {mark}; exit 7; }};; esac
exec {python.path} "$@"
""")
    script.chmod(0o755)
    return dataclasses.replace(python, path=script)


def test_a_cell_that_is_wrong_once_is_run_again(tmp_path: Path) -> None:
    python = once_broken(tmp_path, interpreter(CATALOGUE.release("5.2.2"), "3.8"))
    whole = planned("5.2.2", python, ("http", "no fault"), ("https", "no fault"))
    verdicts = run(Plan(whole.cells[:2], ()), tmp_path / "p", jobs=1)
    assert [verdict.as_stated for verdict in verdicts] == [True, True]
    assert "exit code 7 instead of 0" in verdicts[0].at_first
    assert verdicts[1].at_first == ()


def kept(tmp_path: Path, python: Interpreter) -> list[Path | None]:
    """Where the cells of two rows are left."""
    whole = planned("5.2.2", python, ("http", "no fault"), ("https", "no fault"))
    made = Plan(whole.cells[:2], ())
    with Contents() as contents, Results(tmp_path / "p") as results:
        verdicts = prove(made, results, contents, lambda *_: None, jobs=1, keep=tmp_path / "keep")
    return [verdict.kept for verdict in verdicts]


NAME = "5.2.2-python3.8-unpatched-lfs-push-large-blobs-http-no-fault"


def test_what_is_run_again_can_be_left_for_looking_at(tmp_path: Path) -> None:
    python = interpreter(CATALOGUE.release("5.2.2"), "3.8")
    script = tmp_path / "python3.8"
    script.write_text(f"""#!/bin/sh
case " $* " in *" push "*) grep -q '^url = http:' "$HGRCPATH" && exit 7;; esac
exec {python.path} "$@"
""")
    script.chmod(0o755)
    keep = tmp_path / "keep"
    assert kept(tmp_path, dataclasses.replace(python, path=script)) == [keep / NAME, None]
    assert list(keep.iterdir()) == [keep / NAME] and (keep / NAME / "ran").is_dir()
    # what that left is not taken for what cells have left that cannot be run
    mark = tmp_path / "pushed"
    script.write_text(f"""#!/bin/sh
test -e {mark} && exit 1
case " $* " in *" push "*) touch {mark}; exit 7;; esac
exec {python.path} "$@"
""")
    assert kept(tmp_path, dataclasses.replace(python, path=script)) == [None, None]
    assert mark.exists()


def test_what_was_right_when_it_was_run_again_is_not_left(tmp_path: Path) -> None:
    python = once_broken(tmp_path, interpreter(CATALOGUE.release("5.2.2"), "3.8"))
    assert kept(tmp_path, python) == [None, None]
    assert list((tmp_path / "keep").iterdir()) == []


def test_each_outcome_is_told_to_be_remembered(tmp_path: Path) -> None:
    python = once_broken(tmp_path, interpreter(CATALOGUE.release("5.2.2"), "3.8"))
    whole = planned("5.2.2", python, ("http", "no fault"))
    told: list[bool] = []
    with Contents() as contents, Results(tmp_path / "p") as results:
        for _time in range(2):
            prove(
                Plan(whole.cells[:1], ()),
                results,
                contents,
                lambda *_: None,
                jobs=1,
                remember=lambda found: told.extend(one.as_stated for one in found),
            )
    # wrong, right when it was run once more, and known from then on
    assert told == [False, True, True]


def test_fresh_runs_what_is_known(tmp_path: Path) -> None:
    release = CATALOGUE.release("5.2.2")
    whole = planned("5.2.2", interpreter(release, "3.8"), ("http", "no fault"))
    made = Plan(whole.cells[:1], ())
    run(made, tmp_path / "p")
    assert [verdict.cached for verdict in run(made, tmp_path / "p")] == [True]
    assert [verdict.cached for verdict in run(made, tmp_path / "p", fresh=True)] == [False]


def test_a_patch_that_does_not_apply_is_a_failure_of_its_cells_only(tmp_path: Path) -> None:
    python = interpreter(CATALOGUE.release("5.2.2"), "3.8")
    broken = Patch.parse(
        "x.patch",
        b"--- a/mercurial/keepalive.py\n+++ b/mercurial/keepalive.py\n@@ -1,1 +1,1 @@\n-no\n+so\n",
    )
    top = dataclasses.replace(STACK.top, patches=(broken,))
    stack = Stack(top, (), "5.2")
    verdicts = run(planned("5.2.2", python, ("http", "no fault"), stack=stack), tmp_path / "p")
    assert [verdict.problems for verdict in verdicts] == [
        (),
        ("x.patch does not apply to 5.2.2",),
    ]
    assert verdicts[1].observed == "not run"


def test_an_interpreter_that_cannot_run_the_release(tmp_path: Path) -> None:
    script = tmp_path / "python3.8"
    script.write_text("#!/bin/sh\necho nothing works here >&2\nexit 1\n")
    script.chmod(0o755)
    made = planned("5.2.2", Interpreter("3.8", script, "broken"), ("http", "no fault"))
    verdicts = run(made, tmp_path / "p")
    assert len(verdicts) == 4
    for verdict in verdicts:
        assert "could not be run" in verdict.problems[0]
        assert "nothing works here" in verdict.problems[0]
    # and is not remembered as if it had been
    assert not any(verdict.cached for verdict in run(made, tmp_path / "p"))
