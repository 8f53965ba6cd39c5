"""The hgport commands that a text quotes, held against the command line as it is."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping

import click

from hgport import cli
from hgport.model import project
from hgport.model.ranges import select

_ENDS = "();<>|&\n"
_ASSIGNMENT = re.compile(r"\w+=")
_BEFORE = {"!", "if", "then", "do", "else", "while", "time", "exec", "env"}


def quoted(script: str, variables: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """The arguments of each call of hgport in a piece of shell, with $NAME replaced as told."""
    for words in _simple_commands(script):
        while words and (words[0] in _BEFORE or _ASSIGNMENT.match(words[0])):
            words = words[1:]
        if words and os.path.basename(words[0]) == "hgport":
            yield [_expanded(word, variables or {}) for word in words[1:]]


def _simple_commands(script: str) -> Iterator[list[str]]:
    # an end of a line ends a command, but not after a backslash; comments may have lone quotes
    plain = re.sub(r"(?m)(^|\s)#.*$", r"\1", script.replace("\\\n", " "))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=_ENDS)
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set(_ENDS):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda found: variables[found[1]], word)


def check(words: list[str], unknown: Collection[str] = ()) -> None:
    """Parse the arguments of hgport as it does itself, without running anything.

    Raises click's errors for a wrong option, and UsageError for a range of releases that there
    is not, unless it is ``unknown`` on purpose.
    """
    with click.Context(cli.hgport, info_name="hgport") as group:
        if words[:1] in (["--help"], ["--version"]):
            return
        verb, command, rest = cli.hgport.resolve_command(group, words)
        assert verb is not None
        assert command is not None
        if "--help" in rest:
            return
        with command.make_context(verb, rest, parent=group) as context:
            _check_values(context, unknown)


def _check_values(context: click.Context, unknown: Collection[str]) -> None:
    catalogue = project.load()[1]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if value is None or value in unknown:
            continue
        if "RANGE" in (parameter.metavar or ""):
            assert select(catalogue, value)
