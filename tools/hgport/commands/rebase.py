"""``hgport rebase``: carry the series to other releases, and go on after a conflict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from hgport.commands import completion, options
from hgport.commands.rebase_asked import Asked
from hgport.errors import HgportError, UsageError

# the options that are a verb of their own, each with the function of rebase_session that it is
_VERBS = {
    "--continue": "go_on",
    "--skip": "skip",
    "--abort": "abort",
    "--status": "status",
    "--check": "check",
    "--remember": "remember",
}


@click.command("rebase")
@click.argument("releases", metavar="[RANGE]", required=False, shell_complete=completion.ranges)
@click.option(
    "--base",
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="Carry from the port that serves this, read on it.",
)
@options.series
@options.over
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the port to this directory instead of its own.",
)
@click.option("--again", is_flag=True, help="Make a port anew though its line is served.")
@click.option("--no-memory", is_flag=True, help="Do not use what was decided earlier.")
@click.option(
    "--explain",
    is_flag=True,
    help="Say of every hunk what settled it, and why; alone, write nothing.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Work it out, and write nothing.")
@click.option("--continue", "go_on", is_flag=True, help="Go on after a conflict was settled.")
@click.option("--skip", is_flag=True, help="Leave the patch in conflict out of the port.")
@click.option("--abort", is_flag=True, help="Give up what is not finished.")
@click.option("--status", is_flag=True, help="Show what is not finished.")
@click.option("--check", is_flag=True, help="Make every port again, and compare.")
@click.option("--remember", is_flag=True, help="Take the ports as decided the way they are.")
@options.json_output
def command(
    releases: str | None,
    base: str | None,
    series: Path | None,
    over: tuple[str, ...],
    into: Path | None,
    again: bool,
    no_memory: bool,
    explain: bool,
    dry_run: bool,
    as_json: bool,
    **verbs: bool,
) -> int:
    """Carry the series to other releases, from the nearest port on the way to the base.

    With --with STACK it is that stack which is carried, to the releases with the series on them.
    RANGE is as in hgport status; --continue, --skip, --abort, --check and --remember take one, or
    do all.  A line that is served already needs no port.  A patch in conflict is left in a working
    copy below .hgport/rebase/: edit its files, hg resolve -m them, then --continue.

    The words: exact, every hunk applies; lines, merged by lines; format, merged by logical lines
    and tokens; resolved, as a person decided, now or earlier; upstream, the release has it;
    repeated, a patch before it has it; empty, nothing of it is left; untried, a patch before it is
    in conflict.  Exits with 4 while a conflict waits, with 1 if --check finds a difference.
    """
    asked = Asked(releases, series, base, into, again, not no_memory, explain, as_json, over)
    chosen = [f"--{name.replace('go_on', 'continue')}" for name, on in verbs.items() if on]
    # to explain what is not written is to try it
    chosen += ["--dry-run"] if dry_run or (explain and not chosen) else []
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} do not go together")
    _refuse_idle(asked, chosen)
    try:
        return _run(asked, chosen)
    except HgportError as err:
        err.hint = asked.with_stacks(err.hint) if err.hint else err.hint
        raise


def _run(asked: Asked, chosen: list[str]) -> int:
    if chosen == ["--dry-run"]:
        from hgport.commands.rebase_preview import preview

        return preview(asked)
    from hgport.commands import rebase_session

    verb = getattr(rebase_session, _VERBS[chosen[0]] if chosen else "begin")
    return int(verb(asked))


def _idle(*names: str) -> Callable[[Asked], dict[str, object]]:
    """What a command line says with these options."""

    def given(asked: Asked) -> dict[str, object]:
        every: dict[str, object] = {
            "--json": asked.as_json,
            "--explain": asked.explain,
            "--no-memory": not asked.uses_memory,
            "a range": asked.releases is not None,
        }
        return {name: every[name] for name in names}

    return given


# what a verb would take without a word, beside what none of them takes
_IDLE_WITH = {
    "--continue": _idle("--no-memory"),
    "--skip": _idle("--no-memory"),
    "--abort": _idle("--no-memory", "--json", "--explain"),
    "--status": _idle("--no-memory", "--explain", "a range"),
    "--check": _idle("--no-memory"),
    "--remember": _idle("--no-memory", "--json", "--explain"),
}


def _refuse_idle(asked: Asked, chosen: list[str]) -> None:
    """Refuse options that would do nothing, and a missing range."""
    if chosen and chosen != ["--dry-run"]:
        given: dict[str, object] = {
            "--base": asked.base,
            "--into": asked.into,
            "--again": asked.again,
        }
        given.update(_IDLE_WITH[chosen[0]](asked))
        for name, value in given.items():
            if value:
                raise UsageError(f"{name} does not go with {chosen[0]}")
    elif asked.releases is None:
        raise UsageError("say which releases, as in hgport rebase 5.1", "latest is all lines")
    if asked.into is not None and chosen:
        what = "--explain" if asked.explain else "--dry-run"
        raise UsageError(f"--into does not go with {what}, which writes nothing")
