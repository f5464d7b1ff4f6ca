#!/usr/bin/env bash
# Predicts and measures synthetic models of published shapes, one file a shape: bench/predict.sh FOLDER [options of moe bench].
# On a machine that others use: bench/predict.sh FOLDER --threads 1 --processor-time
set -euo pipefail
folder=$1
shift
mkdir -p "$folder"
moe() { dotnet run -c Release --no-build --project src/MoeSharp.Cli -- "$@"; }
measure() { # shape, layers, types
    local shape=$1 layers=$2 types=()
    shift 2
    while [[ $1 != -- ]]; do types+=(--type "$1"); shift; done
    shift
    moe bench --shape "$shape" --layers "$layers" "${types[@]}" --prompt 128 --only prefill --only decode --json "$@" > "$folder/$shape.json"
}
dotnet build -c Release -v q --nologo src/MoeSharp.Cli
measure olmoe-1b-7b 1 F32 BF16 Q8_0 Q4_0 Q4_K Q6_K MXFP4 -- "$@"
measure mixtral-8l 1 BF16 Q8_0 Q4_0 Q4_K Q6_K MXFP4 -- "$@"
measure qwen3-30b-a3b 1 BF16 Q8_0 Q4_0 Q4_K Q6_K MXFP4 -- "$@"
measure deepseek-v2-lite 2 BF16 Q8_0 Q4_0 Q4_K Q6_K MXFP4 -- "$@"
measure gpt-oss-20b 1 BF16 Q8_0 Q4_0 MXFP4 -- "$@"
