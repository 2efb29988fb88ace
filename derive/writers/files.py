"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from derive.errors import OutputError


def write_atomically(target: Path, content: str | bytes) -> Path:
    """`content` at `target`, in one move: nobody ever sees half of it.

    Text is UTF-8 with `\\n` line ends.  OutputError where the folder cannot be made or written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if target.parent.exists() and not target.parent.is_dir():
            raise NotADirectoryError(f"{target.parent} is not a folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise OutputError(_refusal(target, error)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(_refusal(target, error)) from error
    return target


def remove(target: Path) -> None:
    """Removes a file that is there, so that an old result never stands beside a new one."""
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(_refusal(target, error)) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refusal(target: Path, error: OSError) -> str:
    why = error.strerror.lower() if error.strerror else str(error)
    return (
        f"cannot write {target}: {why}; expected a folder that can be written, "
        f"so choose another one with --output"
    )
