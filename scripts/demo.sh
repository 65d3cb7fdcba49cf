#!/usr/bin/env bash
# The main job on the embedded default: two synthetic news sites → a released model, offline, CPU.
#   scripts/demo.sh [SEED]     another seed draws another newsroom
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
seed=${1:-1}
recipe=("newsroom.seed=$seed")

began=$SECONDS
mkdir -p outputs
korpu pipeline "${recipe[@]}" | tee outputs/.demo
corpus=$(awk '$1 == "prepare" {print $2}' outputs/.demo)
report=$(awk '$1 == "evaluate" {print $2}' outputs/.demo)
bundle=$(awk '$1 == "bundle:" {print $NF}' outputs/.demo)

echo
python -m examples.newsroom score --truth "outputs/newsroom/seed$seed-620" --corpus "$corpus"
python -m examples.newsroom show --report "$report" --bundle "$bundle"
echo
echo "report  $report/report.html"
echo "corpus  $corpus/report.html"
echo "bundle  $bundle"
echo "A narrow synthetic domain: it shows the machinery. Real models start from model=nllb_600m."
echo "$((SECONDS - began)) seconds"
