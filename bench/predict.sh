#!/usr/bin/env bash
# Predicts, then measures, synthetic models of shapes that no constant was fitted on, and prints both as a table.
#   bench/predict.sh FOLDER [options of moe bench]       one JSON file a shape in FOLDER; two threads unless told otherwise
#   TYPES="Q4_K Q8_0" bench/predict.sh FOLDER            these formats alone
# On a machine that others use: bench/predict.sh FOLDER --threads 1 --processor-time
# The prediction is made from the shape and the peaks of the same run, before the model runs (moe bench writes both into one file).
# When kernels have changed, fit new constants first: bench/fit.sh. Results that are kept: bench/results/<cpu>/predictions; table in docs/numbers.md.
# A quarter of an hour for all formats; needs 6 GB.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
. "$repository/bench/measure-shapes.sh"
start "$@"
types=${TYPES:-BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4}
measure qwen3-30b-a3b 2 "$types"
measure deepseek-v2-lite 2 "$types"
measure gpt-oss-20b 1 "$(only_blocks_of_32 $types)" # its rows of 2880 are no whole blocks of 256
studies predictions "$folder"/*.json
