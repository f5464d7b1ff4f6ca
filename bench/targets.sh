#!/usr/bin/env bash
# Measures the shapes that docs/numbers.md has targets for, one JSON file a run: bench/targets.sh FOLDER [options of moe bench].
# Nothing else should run; takes about half an hour and at most 10 GB of memory and 5 GB of disk. Two threads unless --threads says otherwise.
# Afterwards: moe bench --table FOLDER
set -euo pipefail
folder=$1
shift
mkdir -p "$folder"
moe() { dotnet run -c Release --no-build --project src/MoeSharp.Cli -- "$@"; }
dotnet build -c Release -v q --nologo src/MoeSharp.Cli
options=(--threads 2 "$@")
if [[ " $* " == *" --threads "* || " $* " == *" -t "* ]]; then options=("$@"); fi

shape() { # name, layers
    moe bench --shape "$1" --layers "$2" --type Q4_K_M "${options[@]}" --svg "$folder/$1.Q4_K_M.svg" --json > "$folder/$1.Q4_K_M.json"
}
shape olmoe-1b-7b 16
shape mixtral-8l 8
shape qwen3-30b-a3b 12
shape deepseek-v2-lite 10

for type in Q8_0 Q4_0 Q5_K Q6_K MXFP4 IQ4_XS; do
    moe bench --shape mixtral-8l --type "$type" --only prefill --only decode "${options[@]}" --json > "$folder/mixtral-8l.$type.json"
done
moe bench --shape tiny-moe --type Q4_K_M --only sparsity "${options[@]}" --json > "$folder/sparsity.json"
moe bench --kernels "${options[@]}" --json > "$folder/kernels.json"
moe bench --table "$folder"
