"""The exit code and the sentence of whatever ended a command."""

from __future__ import annotations

import errno
import sys

from korpu.errors import INFRASTRUCTURE, USAGE, KorpuError

# as libraries in Rust and C++ say it, in exceptions of their own
FULL = ("No space left on device", "Disk quota exceeded")


def verdict(error: BaseException) -> tuple[int, str] | None:
    """Exit code and sentence of an error; None for what is our bug."""
    if isinstance(error, KorpuError):
        return error.exit_code, str(error)
    refused = _explained(error)
    if refused is not None:
        return USAGE, refused
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{error.filename}: " if error.filename else ""
        return INFRASTRUCTURE, f"{where}{error.strerror}; {_remedy(error.errno)}"
    if any(words in str(error) for words in FULL):
        return INFRASTRUCTURE, f"{_first_line(error)}; {_remedy(errno.ENOSPC)}"
    if out_of_memory(error):
        return INFRASTRUCTURE, (
            f"the memory is used up ({_first_line(error)}); lower decode.batch_tokens or the run's "
            "micro_tokens, or choose a smaller model"
        )
    return None


def _remedy(number: int) -> str:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "free some space and run it again, it continues where it stopped"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "check the permissions"
    return "what was complete is kept, run it again"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].partition(". ")[0]


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, the machine's or a device's; torch's for CPUs has no class of it."""
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(error, RuntimeError):
        return False
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _explained(error: BaseException) -> str | None:
    """A sentence for an error of Hydra, OmegaConf or their YAML; None for any other."""
    if "omegaconf" not in sys.modules:
        return None
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import MarkedYAMLError

    if isinstance(error, HydraException | OmegaConfBaseException | MarkedYAMLError):
        from korpu import config

        return config.explain(error)
    return None
