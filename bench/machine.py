"""Say what a figure was measured on, and when."""

import os
import platform
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def described() -> dict[str, str]:
    """Return date, processor, cores, Python and the libraries that the figures depend on."""
    libraries = ("chalice", "SQLAlchemy", "psycopg2-binary", "PyJWT", "cryptography", "botocore")
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load_average": f"{os.getloadavg()[0]:.1f}",  # before anything was measured: whether others worked
        "system": f"{platform.system()} {platform.machine()}",
        "python": _python(),
        **{name: version(name) for name in libraries},
    }


def _python() -> str:
    """Return the version, and whether it was built for speed, as AWS's and Debian's are and pyenv's isn't."""
    is_fast = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return platform.python_version() + ("" if is_fast else " (built without --enable-optimizations)")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
