"""Builds the native CPU kernels, where that is possible; all else is in pyproject.toml.

The kernels are one shared library over oneDNN. oneDNN's library and its licence are
carried beside it and found by a relative path. On machines without a compiler or
without oneDNN's packages nothing is built, the reason is written down for
`lamina info`, and Lamina runs on XLA's own kernels.
"""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

SOURCES = Path("lamina/kernels/native")
LIBRARY = "liblamina_kernels"
REASON = "not_built.txt"
CARRIED = ("libdnnl.so.3", "LICENSE", "THIRD-PARTY-PROGRAMS")


class NotBuildable(Exception):
    """Something that the kernels need is missing."""


FAILURES = (
    *(NotBuildable, BaseError, CompileError, LinkError),
    *(OSError, subprocess.SubprocessError),
)


def is_compiler(error):
    """Whether the compiler or linker was started and did not succeed."""
    return isinstance(error, (CompileError, LinkError, subprocess.SubprocessError))


class BuildKernels(build_ext):
    """Compiles the library and puts what it needs beside it."""

    def run(self):
        """Builds the kernels, or writes down why there are none."""
        folder = Path(self.get_ext_fullpath(self.extensions[0].name)).parent
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REASON).unlink(missing_ok=True)
        try:
            super().run()
            self.carry(folder)
        except FAILURES as error:
            (folder / f"{LIBRARY}.so").unlink(missing_ok=True)
            reason = "the compiler failed" if is_compiler(error) else str(error)
            (folder / REASON).write_text(f"{reason}\n")
            print(f"lamina: native kernels were not built: {error}", file=sys.stderr)

    def get_ext_filename(self, name):
        """A plain library: no Python loads it as a module."""
        return str(Path(*name.split("."))) + ".so"

    def get_export_symbols(self, extension):
        """None beyond those that the sources mark."""
        return []

    def get_outputs(self):
        """The library and what is carried with it."""
        folder = Path(self.get_ext_fullpath(self.extensions[0].name)).parent
        names = (f"{LIBRARY}.so", *map(carried_name, CARRIED), "libgomp.so.1", REASON)
        return [str(folder / name) for name in names if (folder / name).exists()]

    def build_extension(self, extension):
        """Compiles against the headers of oneDNN and XLA in the build environment."""
        if not (sys.platform == "linux" and sys.maxsize > 2**32):
            raise NotBuildable("they are built on 64-bit Linux only")
        header = packaged("onednn-devel-cpu-gomp", "dnnl.hpp", "include/oneapi/dnnl")
        library = packaged("onednn-cpu-gomp", "libdnnl.so.3")
        for folder in (header.parents[2], xla_headers()):
            extension.extra_compile_args += ["-isystem", str(folder)]
        extension.extra_link_args += [str(library)]
        super().build_extension(extension)

    def carry(self, folder):
        """Copies oneDNN, its licence and the OpenMP runtime beside the library."""
        for name in CARRIED:
            place(packaged("onednn-cpu-gomp", name), folder / carried_name(name))
        found = subprocess.run(
            [*self.compiler.compiler_so[:1], "-print-file-name=libgomp.so.1"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        if Path(found).is_absolute():
            place(found, folder / "libgomp.so.1")


def carried_name(name):
    """Under which name a file of oneDNN's package lies beside the library."""
    return name if name.startswith("lib") else f"oneDNN-{name}.txt"


def place(source, target):
    """Copies a file; programs that use the old one keep it."""
    fresh = target.with_name(f"{target.name}.new")
    shutil.copyfile(source, fresh)
    fresh.replace(target)


def packaged(package, name, folder=""):
    """The path of a file that an installed package brought.

    Raises:
        NotBuildable: the package or the file is missing.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise NotBuildable(f"the package {package} is missing") from None
    for file in files:
        path = Path(file.locate()).resolve()
        if path.name == name and path.parent.as_posix().endswith(folder):
            if path.exists() and "dist-info" not in path.parent.name:
                return path
    raise NotBuildable(f"the package {package} has no {name}")


def xla_headers():
    """The folder of XLA's headers.

    Raises:
        NotBuildable: jaxlib is missing.
    """
    found = importlib.util.find_spec("jaxlib")
    folder = Path(found.origin).parent / "include" if found and found.origin else None
    if folder is None or not (folder / "xla" / "ffi" / "api" / "ffi.h").exists():
        raise NotBuildable("jaxlib, which has XLA's headers, is missing")
    return folder


kernels = Extension(
    f"{SOURCES.as_posix().replace('/', '.')}.{LIBRARY}",
    sources=sorted(path.as_posix() for path in SOURCES.glob("*.cc")),
    depends=sorted(
        p.as_posix() for kind in ("h", "inc") for p in SOURCES.glob(f"*.{kind}")
    ),
    language="c++",
    extra_compile_args=[
        *("-std=c++17", "-O3", "-fvisibility=hidden", "-fopenmp"),
        *("-fno-trapping-math", "-fno-math-errno"),  # loops with choices, as vectors
        *("-Wall", "-Wextra", "-Wno-unused-parameter"),
    ],
    extra_link_args=["-fopenmp", "-Wl,-rpath,$ORIGIN", "-Wl,--strip-all"],
)

setup(ext_modules=[kernels], cmdclass={"build_ext": BuildKernels})
