"""A real Slurm of one node, this machine, for as long as a test needs it.

Debian's packages slurm-wlm and munge, run as root with everything they write in one folder.

    PYTHONPATH=tests python -m slurm_node COMMAND …    runs a command with such a Slurm
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel", "sinfo")
SBIN = "/usr/sbin"
CONF = """
ClusterName=korpu
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,defer=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MailProg=/bin/true
KillWait=2
MaxArraySize=5
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def absent() -> str | None:
    """Why there can be no Slurm here; None where there can."""
    path = f"{os.environ['PATH']}:{SBIN}"
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        return f"{', '.join(missing)} missing (apt-get install slurm-wlm munge)"
    return None if os.geteuid() == 0 else "slurmd and munged need root"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Start the three daemons; gives the variables with which commands find them."""
    folder.mkdir(mode=0o755, parents=True)
    for name in ("state", "spool"):
        (folder / name).mkdir(mode=0o755)
    conf = folder / "slurm.conf"
    host = socket.gethostname().split(".")[0]
    conf.write_text(CONF.format(host=host, folder=folder, ports=_ports(), cpus=os.cpu_count()))
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    env = {"SLURM_CONF": str(conf), "PATH": f"{os.environ['PATH']}:{SBIN}"}
    with contextlib.ExitStack() as daemons:
        munge = [f"--{what}-file={folder}/munge.{what}" for what in ("key", "pid", "log", "seed")]
        _start(daemons, folder, env, "munged", "--foreground", "--force",
               f"--socket={folder}/munge.socket", *munge)  # fmt: skip
        _until((folder / "munge.socket").exists, folder)
        _start(daemons, folder, env, "slurmctld", "-D", "-c", "-f", str(conf))
        _start(daemons, folder, env, "slurmd", "-D", "-f", str(conf))
        _until(lambda: _idle(env), folder)
        yield env
        subprocess.run(["scancel", "--user=root"], env={**os.environ, **env}, check=False)
        _until(lambda: not queue(env), folder)


def queue(env: dict[str, str]) -> list[str]:
    """The jobs in the queue, an array's each in a line: name, number, state."""
    said = subprocess.run(
        ["squeue", "--noheader", "--array", "--format=%j %i %T"],
        env={**os.environ, **env}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return said.splitlines()


def _start(daemons: contextlib.ExitStack, folder: Path, env: dict[str, str], *words: str) -> None:
    log = daemons.enter_context((folder / f"{words[0]}.out").open("wb"))
    process = subprocess.Popen(
        words, env={**os.environ, **env}, stdout=log, stderr=log, start_new_session=True
    )

    def stop() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    daemons.callback(stop)


def _idle(env: dict[str, str]) -> bool:
    said = subprocess.run(
        ["sinfo", "--noheader", "--format=%T"],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.stdout.strip() == "idle"


def _until(true: object, folder: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            said = "\n".join(
                f"{path.name}: {path.read_text(errors='replace')[-2000:]}"
                for path in sorted(folder.glob("*.out"))
            )
            raise TimeoutError(f"no Slurm in {folder}\n{said}")
        time.sleep(0.05)


def _ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def main(words: list[str]) -> int:
    """Run a command within a Slurm; returns its exit code."""
    if reason := absent():
        print(f"no Slurm: {reason}", file=sys.stderr)
        return 2
    # short: a socket's path has 107 bytes
    with (
        tempfile.TemporaryDirectory(prefix="korpu-slurm-") as folder,
        running(Path(folder) / "node") as env,
    ):
        return subprocess.run(words, env={**os.environ, **env}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
