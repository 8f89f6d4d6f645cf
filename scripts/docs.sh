#!/usr/bin/env bash
# Builds the reference of all Swift targets, one archive under .build/docs, from the comments in the sources.
#
# To read it: docc preview is not needed, any web server that serves the archive's folder will do, such as
#   python3 -m http.server --directory .build/docs/Diatom.doccarchive
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
out=.build/docs
docc=$(dirname -- "$(readlink -f -- "$(command -v swift)")")/docc
[[ -x $docc ]] || docc=$(command -v docc) || { echo "docs: there is no docc beside swift" >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out/graphs" "$out/parts"
swift package dump-symbol-graph --minimum-access-level package >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
graphs=$(sed -n 's/^Files written to //p' "$out/log")

parts=()
for folder in Sources/*/; do
    name=$(basename "$folder")
    [[ -f $graphs/$name.symbols.json && $name != C[A-Z]* ]] || continue
    mkdir "$out/graphs/$name"
    cp "$graphs/$name".symbols.json "$out/graphs/$name/"
    find "$graphs" -name "$name@*.symbols.json" -exec cp {} "$out/graphs/$name/" \;
    "$docc" convert --additional-symbol-graph-dir "$out/graphs/$name" --fallback-display-name "$name" \
        --fallback-bundle-identifier "diatom.$name" --output-path "$out/parts/$name.doccarchive" >>"$out/log" 2>&1 ||
        { tail -n 20 "$out/log" >&2; exit 1; }
    parts+=("$out/parts/$name.doccarchive")
done
"$docc" merge "${parts[@]}" --synthesized-landing-page-name Diatom --synthesized-landing-page-kind Package \
    --output-path "$out/Diatom.doccarchive" >>"$out/log" 2>&1 || { tail -n 20 "$out/log" >&2; exit 1; }
rm -rf "$out/graphs" "$out/parts"
echo "docs: ${#parts[@]} targets in $out/Diatom.doccarchive, $(grep -c 'warning:' "$out/log" || true) warnings in $out/log"
