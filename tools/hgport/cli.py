"""The command line: which verbs there are, and how an error becomes one line and an exit code.

A verb's module is imported when the verb is used, so that ``hgport --help`` stays quick.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from hgport import __version__
from hgport.errors import HgportError
from hgport.output import printing, warn

# verb -> what it does, in the order in which the help lists them; the verb's click command is
# ``command`` in the module of the same name in hgport.commands
VERBS = {
    "status": "Show which patch applies to which release.",
    "apply": "Apply the series to a release, one changeset a patch.",
    "rebase": "Carry the series to other releases; stop at conflicts.",
    "merge": "Merge one file three ways, across a change of its style.",
    "refresh": "Take amended changesets back into the port that they came from.",
    "range-diff": "Show how one port of the series differs from another.",
    "test": "Prove the series: the bug shows without it and is gone with it.",
    "check": "Put the series to the checks that Mercurial's maintainers make.",
    "email": "Mail the series, or write the mails to a file first.",
    "export": "Write the patches as another tool or a distribution takes them.",
    "doctor": "Show what this machine can prove, and what it lacks.",
    "releases": "List, update or fetch the releases of Mercurial.",
}


# as of a program that the system ends because nobody reads its output any more
_READER_GONE = 128 + signal.SIGPIPE


class LazyGroup(click.Group):
    """A click group whose commands are imported only when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"hgport.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in VERBS and not ctx.resilient_parsing:
            import difflib

            near = difflib.get_close_matches(args[0].lower(), VERBS, n=1)
            if near:
                # in the words of click, which looks only among commands that were imported
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # click's own would import every verb, and cut what it does short
        verbs = [CompletionItem(v, help=w) for v, w in VERBS.items() if v.startswith(incomplete)]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except BrokenPipeError:
            # --help and --version print here; for click's answer see below
            ctx.exit(_READER_GONE)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            # here, and not at exit, where nobody could say what became of the output
            with printing():
                pass
        except BrokenPipeError:
            # click would exit with 1, which for us means that something is wrong
            return _READER_GONE
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click's own would import every verb for its first line
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="hgport")
@click.pass_context
def hgport(ctx: click.Context) -> int:
    """Carry a series of patches across every release of Mercurial that needs it, with proof."""
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
    return 2


def run(args: list[str] | None = None) -> int:
    """Run one command line and return its exit code, having printed what went wrong, if it did.

    ``args`` are the words after the program's name; None takes them from the process.  A verb
    returns its exit code (None is 0).
    """
    _open_stderr()
    if sys.stdout is None:
        # before anything is done of which nobody would learn
        return _complain("cannot write to standard output: it is closed", None, 3)
    try:
        result: Any = hgport.main(args=args, prog_name="hgport", standalone_mode=False)
    except click.ClickException as err:
        return _complain(err.format_message(), None, 2)
    except KeyboardInterrupt:
        return _complain("interrupted", None, 130)
    except click.Abort as err:
        # click says so of ctrl-C, and of an EOFError, which for us is a bug like any other
        if isinstance(err.__context__, EOFError):
            return _unexpected(err.__context__)
        return _complain("interrupted", None, 130)
    except HgportError as err:
        _is_written()
        return _complain(err.message, err.hint, err.exit_code)
    except OSError as err:
        return _refused(err)
    except Exception as err:
        return _unexpected(err)
    if result == _READER_GONE:
        _is_written()
    return result if isinstance(result, int) else 0


def _open_stderr() -> None:
    """If standard error is closed, take one that nobody reads: not all that is said there is said
    by us."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _refused(err: OSError) -> int:
    if not _is_written():
        return _complain(f"cannot write to standard output: {err.strerror or err}", None, 3)
    where = f" {err.filename}" if err.filename else ""
    return _complain(f"cannot go on: {err.strerror or err}{where}", None, 3)


def _is_written() -> bool:
    """Whether all that was printed could be written.  If not, what is left of it is forgotten, as
    Python would complain about it at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _unexpected(err: BaseException) -> int:
    from hgport import crash

    where = crash.write_report(err)
    told = f"{type(err).__name__}: {err}".splitlines()[0]
    return _complain(f"unexpected {told}", f"this is a bug in hgport; see {where}", 1)


def _complain(message: str, hint: str | None, code: int) -> int:
    warn(f"hgport: {message}" + (f" ({hint})" if hint else ""))
    return code
