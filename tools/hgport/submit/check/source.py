"""The part of ``hgport check`` that asks each release's own tools."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from hgport.errors import HgportError, OutsideError
from hgport.proof.compilers import compiler
from hgport.submit.check import flakes, formatting, modecheck, selection, suite
from hgport.submit.check.code import CheckCode
from hgport.submit.check.commits import EXEMPT, check_commit
from hgport.submit.check.finding import Checked, Note
from hgport.submit.check.importing import import_checker
from hgport.submit.check.memory import Memory, digest, key_of
from hgport.submit.check.perfile import Said, Touched, listen
from hgport.submit.check.remark import Remark, fresh
from hgport.submit.check.subject import Bench, Subject

Check = Callable[[Bench], Checked]


def look(subject: Subject, suite_jobs: int) -> Checked:
    """Put a release's patches to all its tools, and to its own tests of its source, so many of them
    at once (0: to none).

    Raises OutsideError for trouble with network or disk.  A tool that breaks, or that says what
    nobody understands, is a finding.
    """
    found = Checked()
    with Bench(subject) as bench:
        checks = dict(_CHECKS)
        if suite_jobs:
            checks["test-check"] = functools.partial(suite.look, jobs=suite_jobs)
        for rule, check in checks.items():
            try:
                found.add(check(bench))
            except OutsideError:
                raise
            except HgportError as err:
                found.findings.append(subject.finding(rule, None, None, None, err.message))
    return found


def _check_commit(bench: Bench) -> Checked:
    subject, found = bench.subject, Checked()
    script = subject.tree / "contrib" / "check-commit"
    if not script.is_file():
        return _lacking(subject, "check-commit")
    told = digest(script.read_bytes())
    for number, patch in enumerate(subject.patches):
        if EXEMPT in patch.data[: len(patch.data) - len(patch.body)]:
            text = f"{subject.labels[number]} wants no check-commit, and says so"
            found.notes.append(Note(text, subject.release.version))
            continue
        key = key_of("commits", told, subject.python.full, subject.content(number + 1))
        asked = functools.partial(_asked_commit, bench, script, number)
        remarks, _count = _remembered(key, asked)
        found.counts["check-commit"] += 1
        for one in remarks:
            line = _line_of(patch.data, one.text)
            found.findings.append(subject.finding("check-commit", number, None, line, one.message))
    return found


def _asked_commit(bench: Bench, script: Path, number: int) -> tuple[list[Remark], int]:
    return check_commit(script, bench.subject.python, bench.exported(number)), 1


def _line_of(data: bytes, text: str) -> int | None:
    """Where in a patch file a line stands, None if it is not there."""
    wanted = text.encode("utf-8", "surrogateescape")
    return next((n for n, line in enumerate(data.split(b"\n"), 1) if line == wanted), None)


def _check_code(bench: Bench) -> Checked:
    subject = bench.subject
    if not (subject.tree / "contrib" / "check-code.py").is_file():
        return _lacking(subject, "check-code.py")
    tool = CheckCode(subject.tree, subject.python)
    without = selection.excluded(subject.text("tests/test-check-code.t"))
    files, said = listen(
        tool, subject.touched, lambda path, _data: not selection.is_left_out(path, without)
    )
    return _new_remarks(subject, "check-code", files, said)


def _pyflakes(bench: Bench) -> Checked:
    subject = bench.subject
    tool = flakes.Pyflakes(subject.tree, subject.python)
    without = selection.excluded(subject.text("tests/test-check-pyflakes.t"))
    files, said = listen(
        tool,
        subject.touched,
        lambda path, data: selection.is_python(path, data)
        and not selection.is_left_out(path, without),
    )
    found = _new_remarks(subject, "pyflakes", files, said)
    found.tools["pyflakes"] = tool.version
    unread = {one.path for one in files for r in said[one.path, one.after] if _is_unread(r)}
    for path in sorted(unread):
        found.notes.append(Note(f"pyflakes cannot read {path}", subject.release.version))
    return found


def _is_unread(remark: Remark) -> bool:
    return remark.message.startswith(flakes.UNREADABLE)


def _new_remarks(
    subject: Subject,
    rule: str,
    files: Sequence[Touched],
    said: Said,
) -> Checked:
    """What is new in what a tool says of each file after each patch."""
    found = Checked(counts=Counter({rule: len(files)}))
    for one in files:
        before = [] if one.before is None else said[one.path, one.before]
        for remark in fresh(before, said[one.path, one.after]):
            found.findings.append(
                subject.finding(rule, one.number, one.path, remark.line, remark.message)
            )
    return found


def _black(bench: Bench) -> Checked:
    subject = bench.subject
    config = formatting.settings(subject.tree)
    if config is None:
        return _lacking(subject, "settings for black")
    tool = formatting.Black(config)
    test = subject.text("tests/test-check-format.t")
    without = selection.excluded(test)

    def wanted(path: str, data: bytes) -> bool:
        python = path.endswith(".py") if "grep(" not in test else selection.is_python(path, data)
        return python and not selection.is_left_out(path, without)

    files, said = listen(tool, subject.touched, wanted)
    found = Checked(counts=Counter({"black": len(files)}), tools={"black": tool.version})
    for one in files:
        before = None if one.before is None else _made(said[one.path, one.before])
        after = _made(said[one.path, one.after])
        if after == formatting.UNREADABLE:
            if before == formatting.UNREADABLE:
                text = f"black cannot read {one.path}"
                found.notes.append(Note(text, subject.release.version))
            else:
                found.findings.append(
                    subject.finding("black", one.number, one.path, None, "black cannot read it")
                )
        elif after is not None:
            old = None if before == formatting.UNREADABLE else before
            for line, why in formatting.wanted(one.before, old, one.after, after):
                found.findings.append(subject.finding("black", one.number, one.path, line, why))
    return found


def _made(remarks: Sequence[Remark]) -> str | None:
    return remarks[0].message if remarks else None


def _py_compile(bench: Bench) -> Checked:
    subject, found = bench.subject, Checked()
    compiles = compiler(subject.release)
    if compiles is None:
        return found
    for one in subject.touched:
        if not selection.is_python(one.path, one.after):
            continue
        found.counts["py_compile"] += len(subject.pythons)
        was = "" if one.before is None else compiles(one.path, one.before)
        known = {remark.message.partition(":")[0] for remark in _complaints(one.path, was)}
        for remark in _complaints(one.path, compiles(one.path, one.after)):
            if remark.message.partition(":")[0] not in known:
                found.findings.append(
                    subject.finding("py_compile", one.number, one.path, remark.line, remark.message)
                )
    return found


def _complaints(path: str, said: str) -> list[Remark]:
    """One for each Python that does not take a file."""
    found = []
    for part in said.split("; Python ") if said else []:
        version, _colon, why = part.replace("Python ", "", 1).partition(": ")
        place, _colon, rest = why.partition(": ")
        number = place[5:] if place.startswith("line ") else ""
        line = int(number) if number.isdecimal() else None
        message = f"Python {version}: {rest if line else why}"
        found.append(Remark(path, line, message))
    return found


def _import_checker(bench: Bench) -> Checked:
    subject = bench.subject
    script = subject.tree / "contrib" / "import-checker.py"
    if not script.is_file():
        return _lacking(subject, "import-checker.py")
    told = digest(script.read_bytes())

    def at(number: int) -> tuple[list[Remark], int]:
        key = key_of("importing", told, subject.python.full, subject.files(number))
        return _remembered(key, lambda: import_checker(bench.tree(number), subject.python))

    every = len(subject.patches)
    (before, _), (after, count) = at(0), at(every)
    found = Checked(counts=Counter({"import-checker": count}))
    if not fresh(before, after):
        return found
    for number in range(every):
        (before, _), (after, _) = at(number), at(number + 1)
        for one in fresh(before, after):
            found.findings.append(
                subject.finding("import-checker", number, one.path, one.line, one.message)
            )
    return found


def _remembered(key: str, make: Callable[[], tuple[list[Remark], int]]) -> tuple[list[Remark], int]:
    """Remarks, and of how many things, as they are remembered under a key, or else made."""
    with Memory() as memory:
        known = memory.get([key]).get(key)
    if known is None:
        remarks, count = make()
        known = [[one.to_plain() for one in remarks], count]
        with Memory() as memory:
            memory.put({key: known})
    return [Remark.from_plain(plain) for plain in known[0]], int(known[1])


def _lacking(subject: Subject, what: str) -> Checked:
    return Checked(notes=[Note(f"the release has no {what}", subject.release.version)])


_CHECKS: dict[str, Check] = {
    "mode": modecheck.look,
    "check-commit": _check_commit,
    "check-code": _check_code,
    "import-checker": _import_checker,
    "pyflakes": _pyflakes,
    "black": _black,
    "py_compile": _py_compile,
}
