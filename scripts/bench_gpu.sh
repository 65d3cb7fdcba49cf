#!/usr/bin/env bash
# Correctness and speed on one GPU, in ten minutes: loss, resume, then NLLB's shapes against the
# library's Trainer. Needs python with torch, transformers, peft and accelerate; nothing is fetched.
#   scripts/bench_gpu.sh [FOLDER] [WORD=VALUE …]     FOLDER: for JSON and Markdown; default $OUT
#   device=cuda   shapes="600m 1.3b 3.3b"   budget=16384   memory=80   python=python
#   tokens=200000    of the first shape, half and a third of them of the next
#   slack=1          times the seconds a step may take, for a slow or busy machine
#   seconds=140      of a shape: then what has been measured is kept and the next one begins
# Wheels that the machine lacks (liger-kernel, cut-cross-entropy): unpack them into a folder and put
# that folder into PYTHONPATH.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-outputs/bench_gpu}
if [[ $# -gt 0 && $1 != *=* ]]; then out=$1; shift; fi
device=cuda shapes="600m 1.3b 3.3b" budget=16384 tokens=200000 memory=80 seconds=140 slack=1
python=python also=compile,deterministic,liger,cce targets=16384 head=600m
for word in "$@"; do
  case $word in
    device=*|shapes=*|budget=*|tokens=*|memory=*|seconds=*|slack=*|python=*|also=*|targets=*|head=*)
      declare "${word%%=*}=${word#*=}" ;;
    *) echo "bench_gpu.sh has no ${word%%=*}" >&2; exit 2 ;;
  esac
done
mkdir -p "$out"
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES:-0}
export CUBLAS_WORKSPACE_CONFIG=:4096:8 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
failed=0

# step NAME SECONDS WORD…: one benchmark, its Markdown in NAME.md, its messages in NAME.log
step() {
  local name=$1 limit=$2 began=$SECONDS
  shift 2
  timeout -k 5 "$((limit * slack))" "$python" -c 'import sys; from korpu.cli import main; sys.exit(main())' \
    bench train "$@" markdown=true "json=$out/$name.json" >"$out/$name.md" 2>"$out/$name.log"
  local code=$?
  echo "$name: exit code $code, $((SECONDS - began)) s"
  if [[ $code -ne 0 ]]; then failed=1; tail -3 "$out/$name.log"; fi
}

step loss 60 what=gpu part=loss "device=$device" "shape=$head" "targets=$targets"
step resume 90 what=gpu part=resume "device=$device"
number=0
for shape in $shapes; do
  number=$((number + 1))
  more=compile
  [[ $number -eq 1 ]] && more=$also
  [[ $also == none ]] && more=none
  step "speed-$number-$shape" "$seconds" what=speed data=synthetic "shape=$shape" \
    "device=$device" "budget=$budget" "tokens=$((tokens / number))" "memory=$memory" warm=5 \
    rounds=1 threads=0 "also=$more"
done
step table 30 what=gpu part=table "device=$device" "from=$out"
cat "$out/table.md"
exit $failed
