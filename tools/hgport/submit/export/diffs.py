"""The diffs of exported patches: all that git's form can say, or what GNU patch takes."""

from __future__ import annotations

from dataclasses import replace

from hgport.engine.headers import Said, description_of
from hgport.engine.outcome import Edit
from hgport.engine.render import render_patch
from hgport.errors import HgportError, UsageError
from hgport.model.patch import Patch
from hgport.submit.export.prepared import Ready

# the forms that lose nothing
_WHOLE = "export it as hg, mq, bundle or git"


def whole(ready: Ready) -> bytes:
    """The diff of a patch, with renames, copies and binary content, as ``hg export --git`` has
    it."""
    return render_patch(b"", ready.edits)


def for_patch(ready: Ready) -> bytes:
    """The diff of a patch as every program takes it that runs GNU patch.

    A renamed or copied file is written out as a new one: programs that keep what they change, as
    quilt does, do not see where it came from.  Raises HgportError for what GNU patch cannot do:
    binary content, and links.
    """
    for edit in ready.edits:
        what = _beyond_patch(edit)
        if what:
            raise HgportError(f"{ready.name} changes {edit.path}, {what}", _WHOLE)
    return render_patch(b"", (_apart(edit) for edit in ready.edits))


def _apart(edit: Edit) -> Edit:
    return edit if edit.source is None else replace(edit, old=None, old_mode="", source=None)


def _beyond_patch(edit: Edit) -> str:
    if "l" in ((edit.old is not None and edit.old_mode), (edit.new is not None and edit.new_mode)):
        return "a symbolic link, which GNU patch does not reliably make"
    if b"\0" in (edit.old or b"") + (edit.new or b""):
        return "whose content is binary, which GNU patch does not take"
    return ""


def checked(ready: Ready, data: bytes, form: str) -> bytes:
    """A patch file, which was seen to say what the patch says when it is read again.

    Raises HgportError if it does not: a form cannot carry every text.
    """
    try:
        read = Patch.parse(ready.name, data)
    except UsageError as err:
        raise HgportError(f"{ready.name} cannot be written as {form}: {err.message}") from None
    said = Said(read.user, read.date, description_of(read))
    if said != ready.said:
        wrong = next(
            what
            for what in ("user", "date", "description")
            if getattr(said, what) != getattr(ready.said, what)
        )
        raise HgportError(f"{ready.name} cannot be written as {form}: its {wrong} would change")
    return data
