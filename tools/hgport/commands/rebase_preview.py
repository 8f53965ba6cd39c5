"""``hgport rebase --dry-run`` and ``--explain``: what would come out, and nothing written.

Apart from the verbs that write, whose modules would take longer to load than a preview takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from hgport.commands.rebase_asked import Asked, say_json
from hgport.engine.carried import CarriedSeries, CarryOrder
from hgport.engine.carrycache import carried
from hgport.engine.origins import origin_of
from hgport.engine.resolutions import memory_of
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say, width
from hgport.proof.compilers import compiler, identity
from hgport.report import rebase as report
from hgport.report.downloads import shown
from hgport.report.stacks import plain as plain_stacks


def preview(asked: Asked) -> int:
    """``--dry-run`` and ``--explain``"""
    stack, catalogue = asked.load()
    made = []
    memory = memory_of(stack)
    with shown() as progress:
        for target in _targets(asked, stack, catalogue):
            origin = origin_of(stack, catalogue, target, asked.base)
            if not asked.explain and not asked.as_json:
                say(report.beginning(origin, target))
            made.append(
                carried(
                    CarryOrder(stack, catalogue, origin, target),
                    memory=memory if asked.uses_memory else memory.nothing(),
                    compiler=compiler,
                    judged_by=identity(target),
                    progress=progress,
                )
            )
    _say_preview(asked, stack, made)
    return 4 if any(one.conflict is not None for one in made) else 0


def _targets(asked: Asked, stack: Stack, catalogue: Catalogue) -> list[Release]:
    """The releases of the range, without the base's own line where there are others."""
    named = asked.named() or []
    others = [one for one in named if one.line != stack.base or asked.base is not None]
    return others or named


def _say_preview(asked: Asked, stack: Stack, made: Sequence[CarriedSeries]) -> None:
    if asked.as_json:
        say_json({**plain_stacks(stack), "carried": [report.to_plain(one) for one in made]})
        return
    for one in made if asked.explain else ():
        say(*report.explain(one), "")
    say(report.table(made, width()), *report.notes(made), report.summary(made))
    say("nothing was written")
