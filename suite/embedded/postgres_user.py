"""Which user the embedded PostgreSQL runs as: PostgreSQL refuses root, so root hands it to an ordinary user."""

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

from suite.embedded.process import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETUID, RunAs, ServerFailed


def user_for(cluster: Path, *, programs: Path) -> RunAs | None:
    """Whom to become to run the programs on that data; None when we are an ordinary user already.

    The user may be unable to enter a folder above the data or the programs (say /root, mode 0700). Nothing
    outside our folder may be changed, so the server then keeps one Linux capability: to look through folders
    (CAP_DAC_READ_SEARCH), or, where the programs themselves are closed or a container withholds that one,
    CAP_DAC_OVERRIDE. PostgreSQL looks at its user id only, never at capabilities.
    """
    if os.geteuid() != 0:
        return None
    if not _permitted_capabilities() >> CAP_SETUID & 1:
        raise ServerFailed(
            "PostgreSQL must not run as root, and this root may not become another user (it lacks CAP_SETUID). "
            "Run igny8 as an ordinary user."
        )
    owner = cluster.stat().st_uid if cluster.exists() else 0
    entry = _entry(owner) if owner else _nobody()
    if _reachable((cluster, programs), entry) and _executable(programs / "postgres", entry):
        return RunAs(uid=entry.pw_uid, gid=entry.pw_gid)
    return RunAs(uid=entry.pw_uid, gid=entry.pw_gid, capabilities=_capability_to_pass(programs, entry))


def _capability_to_pass(programs: Path, entry: pwd.struct_passwd) -> int:
    ours = _permitted_capabilities()
    wanted = [CAP_DAC_OVERRIDE]
    if _executable(programs / "postgres", entry):
        wanted.insert(0, CAP_DAC_READ_SEARCH)
    for capability in wanted:
        if ours >> capability & 1:
            return 1 << capability
    raise ServerFailed(
        f"PostgreSQL must not run as root, and the user {entry.pw_name} cannot reach its data or its programs. "
        "Run igny8 as an ordinary user, or put IGNY8_DATA_DIR and the virtual environment where others may enter."
    )


def _nobody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not others:
        raise ServerFailed("PostgreSQL must not run as root, and this machine knows no other user. Add one.")
    return others[-1]


def _entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return pwd.struct_passwd((f"#{uid}", "x", uid, uid, "", "/", "/bin/false"))


def _reachable(paths: Iterable[Path], entry: pwd.struct_passwd) -> bool:
    return all(_allows(folder, entry, stat.S_IXOTH) for path in paths for folder in path.resolve().parents)


def _executable(program: Path, entry: pwd.struct_passwd) -> bool:
    return _allows(program, entry, stat.S_IXOTH | stat.S_IROTH)


def _allows(path: Path, entry: pwd.struct_passwd, bits: int) -> bool:
    """Whether that user has these rights as its owner or as anybody; groups and ACLs are not counted on."""
    if not path.exists():
        return True
    status = path.stat()
    if status.st_uid == entry.pw_uid:
        bits <<= 6
    return status.st_mode & bits == bits


def _permitted_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0
