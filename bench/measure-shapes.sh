# What bench/fit.sh and bench/predict.sh share; not to be run by itself.
start() { # folder, options of moe bench
    folder=$1
    shift
    options=("$@")
    [[ " $* " == *" --threads "* ]] || options+=(--threads 2)
    mkdir -p "$folder"
    dotnet build -c Release -v q --nologo "$repository/src/MoeSharp.Cli"
    dotnet build -c Release -v q --nologo "$repository/bench/MoeSharp.Studies"
}
moe() { dotnet run -c Release --no-build --project "$repository/src/MoeSharp.Cli" -- "$@"; }
studies() { dotnet run -c Release --no-build --project "$repository/bench/MoeSharp.Studies" -- "$@"; }
measure() { # shape, layers, types: a file a shape
    local type arguments=()
    for type in $3; do arguments+=(--type "$type"); done
    moe bench --shape "$1" --layers "$2" "${arguments[@]}" --only prefill --only decode --prompt 128 --json "${options[@]}" > "$folder/$1.json.part"
    mv "$folder/$1.json.part" "$folder/$1.json"
}
only_blocks_of_32() { # types
    local type
    for type in "$@"; do case $type in *_K | *_XS) ;; *) printf '%s ' "$type" ;; esac done
}
