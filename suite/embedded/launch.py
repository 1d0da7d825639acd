"""Become a child that dies with its parent (and, for PostgreSQL, is not root), then run the given program.

Run as a script with `python -I -S`, so that it costs about 15 ms and no code runs between fork and exec in a
parent that has threads: `launch.py <parent pid> <death signal> <uid or -1> <gid> <capability mask> <program> …`.
It imports nothing of ours.
"""

import contextlib
import ctypes
import os
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, gid, capabilities = (int(word) for word in arguments[:5])
    command = arguments[5:]
    if uid >= 0:
        _become(uid, gid, capabilities)
    # A change of user clears the death signal, so it is set after it.
    _prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit("The parent ended before its child could start.")
    os.execv(command[0], command)  # noqa: S606 - replacing this process by the program is the point


def _become(uid: int, gid: int, capabilities: int) -> None:
    """Take the user id `uid`, keeping only the capabilities of the mask, which the program then inherits."""
    if capabilities:
        _prctl(PR_SET_KEEPCAPS, 1)
        # PostgreSQL asks access(2) whether it may run its own programs, and the kernel answers that without the
        # capabilities of a user who is not root, unless this bit is set (access_override_creds() in fs/open.c).
        # A root without CAP_SETPCAP cannot set it; it is enough for it that the programs can be reached.
        with contextlib.suppress(PermissionError):
            _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if not capabilities:
        return
    header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
    # Effective, permitted, inheritable for capabilities 0-31, then the same for 32-63, of which none is kept.
    sets = struct.pack("=6I", capabilities, capabilities, capabilities, 0, 0, 0)
    if _libc().capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset: " + os.strerror(ctypes.get_errno()))
    for capability in range(32):
        if capabilities >> capability & 1:
            _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc().prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), "prctl: " + os.strerror(ctypes.get_errno()))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main(sys.argv[1:])
