"""Builds gen/: Python stubs with types, the descriptor set with comments, and `from igny8.billing import v1`.

Stubs are built, never committed: generated code must match the installed protobuf. `python protos/build.py`
does nothing when gen/ is newer than every input; `--force` builds anyway.
"""

import hashlib
import importlib
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GEN = ROOT / "gen"
DESCRIPTORS = GEN / "igny8.binpb"
STAMP = GEN / ".stamp"


def build(*, force: bool = False) -> bool:
    """Builds gen/ when an input changed. Returns whether anything was built."""
    stamp = _stamp()
    if not force and STAMP.exists() and STAMP.read_text() == stamp:
        return False
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".gen-") as scratch:
        out = Path(scratch) / "gen"
        out.mkdir()
        _run_protoc(out)
        _drop_empty_service_stubs(out)
        _write_packages(out)
        _copy_google_protos(out / "third_party")
        (out / STAMP.name).write_text(stamp)
        if GEN.exists():
            GEN.rename(Path(scratch) / "old")
        out.rename(GEN)
    importlib.invalidate_caches()
    return True


def _sources() -> list[Path]:
    return sorted(PROTOS.rglob("*.proto"))


def _stamp() -> str:
    """A digest of every input, so that a stale gen/ is seen whatever the file times say."""
    from importlib.metadata import version

    digest = hashlib.sha256()
    for package in ("grpcio-tools", "protobuf", "mypy-protobuf", "googleapis-common-protos"):
        digest.update(f"{package}={version(package)}\n".encode())
    for path in [Path(__file__), *_sources()]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _site_packages() -> Path:
    """Where googleapis-common-protos keeps google/api/*.proto."""
    import google.api.annotations_pb2 as annotations

    return Path(annotations.__file__).parent.parent.parent


def _run_protoc(out: Path) -> None:
    import grpc_tools
    from grpc_tools import protoc

    assert grpc_tools.__file__ is not None
    arguments = [
        "protoc",
        f"-I{PROTOS}",
        f"-I{_site_packages()}",
        f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
        f"--plugin=protoc-gen-mypy={Path(sys.executable).parent / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={Path(sys.executable).parent / 'protoc-gen-mypy_grpc'}",
        f"--python_out={out}",
        f"--grpc_python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--mypy_grpc_out=quiet:{out}",
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={out / DESCRIPTORS.name}",
        *(str(path) for path in _sources()),
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protos/build.py: protoc refused the protos; its message is above.")


def _drop_empty_service_stubs(out: Path) -> None:
    for stub in out.rglob("*_pb2_grpc.py"):
        if "class " not in stub.read_text():
            stub.unlink()
            stub.with_suffix(".pyi").unlink(missing_ok=True)


def _write_packages(out: Path) -> None:
    """Writes an __init__ for each version package that re-exports its messages and its service stubs."""
    (out / "igny8" / "py.typed").write_text("")
    (out / "igny8" / "__init__.py").write_text('"""Generated from protos/."""\n')
    for package in sorted({path.parent for path in out.rglob("*_pb2.py")}):
        (package.parent / "__init__.py").write_text('"""Generated from protos/."""\n')
        name = ".".join(package.relative_to(out).parts)
        modules = sorted(path.stem for path in [*package.glob("*_pb2.py"), *package.glob("*_pb2_grpc.py")])
        lines = ['"""Generated from protos/: every message and service of the package in one name."""', ""]
        lines += [f"from {name}.{module} import *" for module in modules]
        (package / "__init__.py").write_text("\n".join(lines) + "\n")


def _copy_google_protos(target: Path) -> None:
    """Lays Google's protos beside ours for buf, which cannot look into site-packages by itself."""
    for name in ("api/annotations", "api/http", "api/httpbody", "api/field_behavior", "rpc/code"):
        file = target / "google" / f"{name}.proto"
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_site_packages() / "google" / f"{name}.proto", file)


if __name__ == "__main__":
    built = build(force="--force" in sys.argv[1:])
    print("gen/ built" if built else "gen/ is up to date")
