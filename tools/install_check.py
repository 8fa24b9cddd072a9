"""Say before pip does what this machine lacks: PyTorch has no packages for some. `make` runs it; standard library only.

python3 tools/install_check.py
"""

import platform
import sys
import sysconfig

OLDEST = (3, 10)


def trouble(system, machine, *, kernel="", libc="", bits=64, version=OLDEST):
    """What stands in the way of an installation and what to do about it, in one line; None where nothing does.

    Args:
        system: As `platform.system()` gives it.
        machine: As `platform.machine()` gives it.
        kernel: As `platform.version()` gives it.
        libc: The build's platform, as `sysconfig` knows it, such as `x86_64-linux-musl`.
        bits: Of an address in this Python.
        version: Of this Python, major and minor.
    """
    if version < OLDEST:
        return "gigs needs Python 3.10 or newer: make PYTHON=python3.12"
    if system == "Darwin" and machine == "x86_64":
        if "ARM64" in kernel:  # the kernel's own word, which Rosetta does not change
            return (
                "this Python is one for Intel processors, run by Rosetta, and PyTorch has no packages for those since "
                "2.2: install Python for Apple silicon (python.org, or brew in /opt/homebrew) and give it with PYTHON="
            )
        return (
            "a Mac with an Intel processor: gigs needs PyTorch 2.10, and the last one with packages for Intel Macs is "
            "2.2.2. Install gigs on a Mac with Apple silicon, Linux or Windows, or on this Mac in a container of Linux "
            "(docker run -it python:3.12)"
        )
    if bits != 64:
        return f"a Python of {bits} bits: PyTorch has packages for 64 bits only; install Python of 64 bits"
    if system == "Linux" and "musl" in libc:
        return (
            "a Linux with musl (Alpine): PyTorch has packages for glibc only; use Debian, Ubuntu or Fedora, in a "
            "container such as python:3.12-slim"
        )
    if system not in ("Linux", "Darwin", "Windows"):
        return f"{system}: PyTorch has packages for Linux, macOS on Apple silicon and Windows; use one of these"
    return None


def main():
    """Exit with the reason, if there is one."""
    bits = 64 if sys.maxsize > 2**32 else 32
    libc = " ".join(str(sysconfig.get_config_var(name)) for name in ("HOST_GNU_TYPE", "MULTIARCH"))
    sys.exit(
        trouble(
            platform.system(),
            platform.machine(),
            kernel=platform.version(),
            libc=libc,
            bits=bits,
            version=sys.version_info[:2],
        )
    )


if __name__ == "__main__":
    main()
