#!/usr/bin/env bash
# What fewer bits cost, and what calibration is worth: the tables of docs/quality.md.
#   bench/quality.sh FOLDER [NAME=MODEL.gguf]     writes FOLDER/built-in.json (and FOLDER/NAME.json), and prints the tables
# The built-in model reads chapters XI to XVIII of "The Adventures of Tom Sawyer", which it was not trained on (26,105 tokens that count);
# another model the first TEXT_BYTES bytes of them (default 8500). Calibration reads chapters I to X, or their first CALIBRATION_BYTES (default
# 16000). Formats of 256-blocks hold the equal of the built-in model at twice the width (rows of 256).
# WORK=FOLDER keeps what was made and goes on from there after an interruption; MOE=PROGRAM takes a moe that is there already; TYPES="Q4_0 …"
# measures these alone. One thread, so that it can run beside other work.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
name=${2:+${2%%=*}}
source=${2:+$(realpath "${2#*=}")}
work=${WORK:-$(mktemp -d)}
mkdir -p "$work/raw"
cd "$work"
[[ -n ${MOE:-} ]] || dotnet build -c Release -v q --nologo "$repository/src/MoeSharp.Cli"
moe() { if [[ -n ${MOE:-} ]]; then "$MOE" "$@"; else dotnet run -c Release --no-build --project "$repository/src/MoeSharp.Cli" -- "$@"; fi; }
studies() { dotnet run -c Release --project "$repository/bench/MoeSharp.Studies" -- "$@"; }

gzip -dc "$repository/data/classic-books/mark-twain.txt.gz" | awk '/^# Title: /{on = /Tom Sawyer$/} on' > book.txt
awk '/^##  CHAPTER XI /{exit} {print}' book.txt > calibration.txt
awk '/^##  CHAPTER XI /{on = 1} /^##  CHAPTER XIX /{exit} on' book.txt > text.txt
head -c "${TEXT_BYTES:-8500}" text.txt > short-text.txt
head -c "${CALIBRATION_BYTES:-16000}" calibration.txt > short-calibration.txt

keep() { # file, command: runs it unless its result is there
    local file=raw/$1
    shift
    [[ -s $file ]] || { "$@" > "$file.part" 2> "$file.log" && mv "$file.part" "$file" && rm "$file.log"; }
}
measure() { # name, reference, text, calibration, type
    local key=$1.$5 reference=$2 text=$3 calibration=$4 type=$5 common=(--json --threads 1)
    [[ -s raw/$key.weighted.json ]] && return
    echo "$key" >&2
    rm -f "raw/$key.size.json" "raw/$key.weighted-size.json"
    keep "$key.size.json" moe quantize "$reference" plain.gguf --type "$type" --pure --force "${common[@]}"
    keep "$key.exact.json" moe diff "$reference" plain.gguf --text "$text" --exact "${common[@]}"
    case $type in F16 | BF16) return ;; esac
    keep "$key.codes.json" moe diff "$reference" plain.gguf --text "$text" --exact-first "${common[@]}"
    keep "$key.weighted-size.json" moe quantize "$reference" weighted.gguf --type "$type" --pure --force --calibrate "$calibration" "${common[@]}"
    keep "$key.weighted.json" moe diff "$reference" weighted.gguf --text "$text" --exact "${common[@]}"
}

small="Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL MXFP4"
large="Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_XS"
for type in ${TYPES:-BF16 F16 $small $large}; do
    if [[ -n $name ]]; then
        ln -sf "$source" "$name.gguf"
        keep "$name.source.json" moe diff "$name.gguf" "$name.gguf" --text short-text.txt --exact-first --json --threads 1
        measure "$name" "$name.gguf" short-text.txt short-calibration.txt "$type"
    elif [[ " $large " == *" $type "* ]]; then
        [[ -d built-in-widened ]] || studies widen built-in-widened
        measure built-in-widened built-in-widened text.txt calibration.txt "$type"
    else
        measure built-in tiny text.txt calibration.txt "$type"
    fi
done
studies quality raw "$out" ${name:-built-in}
