"""Put into a process by PYTHONPATH: it writes nowhere but in TMPDIR and to devices, as if all else were read-only."""

import errno
import os
import sys
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
WRITABLE = (os.environ["TMPDIR"], "/dev/", "/proc/")


def refuse(event, arguments):
    if event not in CHANGES | {"open", "sqlite3.connect"} or (event == "open" and not arguments[2] & WRITING):
        return
    path = arguments[0]
    if isinstance(path, int) or path == ":memory:":
        return
    if not str(Path(os.fsdecode(path)).resolve()).startswith(WRITABLE):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


sys.addaudithook(refuse)
