#!/usr/bin/env bash
# Measures the two shapes that the constants of predicted speeds are fitted on, and computes the constants.
#   bench/fit.sh FOLDER [options of moe bench]           two threads unless told otherwise
#   TYPES="Q4_K Q8_0" bench/fit.sh FOLDER                these formats alone
# Then: copy the printed lines into src/MoeSharp/Analysis/Planning/SpeedConstants.cs and FormatCost.cs, and run bench/predict.sh, whose shapes
# are others. Formats that are not in TYPES keep their lines. Files of other runs may be added by hand: the fit alone is
#   dotnet run -c Release --project bench/MoeSharp.Studies -- fit FOLDER/*.json
# How: a matrix takes max(bytes / (η·B), elements·(u + 2·rows/κ) / P); η is one number, u and κ belong to the format; the grid that misses least
# in squares of ln (predicted / measured) wins. It prints how far each measurement is from the fit: far ones should be measured again.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
. "$repository/bench/measure-shapes.sh"
start "$@"
types=${TYPES:-F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4}
measure olmoe-1b-7b 2 "$types"
measure mixtral-8l 1 "$types"
studies fit "$folder"/*.json
