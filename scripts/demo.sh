#!/usr/bin/env bash
# The main job on the embedded default: two synthetic news sites → a released model, offline, CPU.
#   scripts/demo.sh [SEED [OVERRIDE …]]     another seed draws another newsroom
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
seed=${1:-1}
truth=${TRUTH:-outputs/newsroom/demo-seed$seed}

began=$SECONDS
shown=$(mktemp)
trap 'rm -f "$shown"' EXIT
korpu pipeline "newsroom.seed=$seed" "newsroom.truth=$truth" "${@:2}" | tee "$shown"
corpus=$(awk '$1 == "prepare" {print $2}' "$shown")
report=$(awk '$1 == "evaluate" {print $2}' "$shown")
bundle=$(awk '$1 == "bundle:" {print $NF}' "$shown")

echo
python -m examples.newsroom score --truth "$truth" --corpus "$corpus"
python -m examples.newsroom show --report "$report" --bundle "$bundle"
echo
echo "report  $report/report.html"
echo "corpus  $corpus/report.html"
echo "bundle  $bundle"
echo "A narrow synthetic domain: it shows the machinery. Real models start from model=nllb_600m."
echo "$((SECONDS - began)) seconds"
