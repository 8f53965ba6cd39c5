"""What patches do to the modes of files that were there before; those of new ones are looked at
where only the patch file is."""

from __future__ import annotations

from collections import Counter

from hgport.submit.check import modes
from hgport.submit.check.finding import Checked
from hgport.submit.check.subject import Bench


def look(bench: Bench) -> Checked:
    """What is wrong with modes, and was not before."""
    subject = bench.subject
    found = Checked(counts=Counter({"mode": len(subject.touched)}))
    for one in subject.touched:
        if one.before is None:
            continue
        before, after = (subject.executable[one.number + n] for n in (0, 1))
        why = modes.problem(one.path, one.after, one.path in after)
        if why and why != modes.problem(one.was, one.before, one.was in before):
            found.findings.append(subject.finding("mode", one.number, one.path, 1, why))
    return found
