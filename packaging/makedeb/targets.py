"""For which Debian releases and processors packages are built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One package: `glibc` is the minor version of the release's C library, 2.x."""

    release: str
    number: int
    python: tuple[int, int]
    glibc: int
    arch: str
    machine: str

    @property
    def name(self) -> str:
        return f"{self.release}-{self.arch}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The wheel platforms that run there, newest first."""
        old = f"manylinux2014_{self.machine}"
        return (*(f"manylinux_2_{n}_{self.machine}" for n in range(self.glibc, 16, -1)), old)

    @property
    def markers(self) -> dict[str, str]:
        """The environment of the target, as requirements ask for it (PEP 508)."""
        version = ".".join(map(str, self.python))
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }


_RELEASES = (("bookworm", 12, (3, 11), 36), ("trixie", 13, (3, 13), 41))
_PROCESSORS = (("arm64", "aarch64"), ("amd64", "x86_64"))
TARGETS = tuple(Target(*release, *cpu) for release in _RELEASES for cpu in _PROCESSORS)
