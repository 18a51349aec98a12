"""Folder names that any path can have: short, plain, and two paths never share one."""

import hashlib
import re
from pathlib import PurePath

PHOTOGRAPHS = "photographs"
"""Folder of the photographs' folders, below the output folder."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def folder_name(relative: PurePath) -> str:
    """Name of the outputs' folder of a photograph at this path below the input folder.

    A plain file name stays as it is; any other path becomes plain, with a part of its SHA-256, so
    that neither blanks, nor `..`, nor a file system's rules on names can do harm.
    """
    text = relative.as_posix()
    if _PLAIN.fullmatch(text) and "--" not in text:
        return text
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[:60] or "photograph"
    word = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{plain}--{word}"


def printable(relative: PurePath) -> str:
    """A path as text for tables and pages: bytes that are no UTF-8 become `?`, no line breaks."""
    text = relative.as_posix().encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "?" for c in text)
