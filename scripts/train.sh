#!/usr/bin/env bash
# korpu train on every GPU of this machine, or on every node of a Slurm step (scripts/train.sbatch).
#   scripts/train.sh OVERRIDE …            as many processes as there are GPUs
#   RANKS=2 scripts/train.sh OVERRIDE …    so many (on a CPU: gloo)
# The number of processes is part of a result: it is given as train.ranks. Exits as `korpu` does for
# 0 and 75; torchrun makes 1 of every other code, its sentence stands above.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU' || true)
here=${RANKS:-${SLURM_GPUS_ON_NODE:-$((gpus > 0 ? gpus : 1))}}
nodes=${SLURM_STEP_NUM_NODES:-1}
words=("train.ranks=$((here * nodes))" "$@")
where=(--standalone)
if ((nodes > 1)); then
  head=$(scontrol show hostnames "$SLURM_STEP_NODELIST" | head -n 1)
  where=(--nnodes="$nodes" --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}"
    --rdzv-endpoint="$head:$((20000 + SLURM_JOB_ID % 20000))")
fi

# A session of its own: a signal reaches torchrun once, from here, and not from a terminal or Slurm
# too. torchrun passes it on; the workers end the step in hand and save.
began=$(mktemp)
trap 'rm -f "$began"' EXIT
setsid torchrun "${where[@]}" --nproc-per-node="$here" --shutdown-timeout="${SHUTDOWN:-100}" \
  --no-python korpu train "${words[@]}" &
torchrun=$!
stopped=
trap 'stopped=yes; kill -TERM "$torchrun" 2>/dev/null || true' TERM INT HUP
code=0
while kill -0 "$torchrun" 2>/dev/null; do
  code=0
  wait "$torchrun" || code=$?
done

# torchrun exits 1 for anything. What was stopped from here goes on, and so does a run that left its
# marker since: somebody else sent the signal.
if ((code != 0)) && [[ -z $stopped ]]; then
  while read -r directory; do
    if [[ "$directory/RESUMABLE" -nt "$began" ]]; then
      stopped=yes
    fi
  done < <(korpu plan "${words[@]}" | awk '$1 == "base" || $1 == "train" {print $3}')
fi
if ((code != 0)) && [[ -n $stopped ]]; then
  code=75
fi
exit "$code"
