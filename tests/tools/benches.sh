#!/bin/sh
# Every program of the benchmarks runs, with tiny sizes, and the report is written of what they measure, into a folder
# of its own; but not if the figures of any program or system are missing. What has to be built is there.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/target/benches/tried
rm -rf "$out"
mkdir -p "$out"
go -C benches/go test ./...
go -C benches/go build -o "$out/bin/" ./cmd/...

# try_out NAME FLAG...: runs a program for one round.
try_out() {
    name=$1
    shift
    "$out/bin/$name" -try -rounds 1 -out "$out/$name.json" "$@"
}
try_out bench -programs target/benches
try_out blockbench
try_out callbench
for probed in latency memory pause; do
    try_out $probed -programs target/benches/probes
done
try_out tcpbench -programs target/examples

report() {
    for section in goals plots; do
        printf '<!-- %s -->\n<!-- /%s -->\n' $section $section
    done >"$out/README.md"
    rm -rf "$out/RESULTS.md" "$out/plots"
    "$out/bin/report" -try -figures "$out" -readme "$out/README.md" -results "$out/RESULTS.md" -plots "$out/plots"
}
report
grep -q '^| bytes per known key |' "$out/README.md"
grep -q '^### keys=10000000$' "$out/RESULTS.md"
for plot in $(sed -n 's/^!\[.*\](\(.*\))$/\1/p' "$out/README.md"); do
    [ -s "$out/$plot" ]
    plots="${plots-} $plot"
done
[ "$plots" = ' plots/keys.png plots/keys-c.png plots/keys-rust.png plots/batch.png plots/workers.png plots/latency.png' ]

# refused WORD: there is no report, and it says so with this word.
refused() {
    if report 2>"$out/said"; then
        echo "there is a report without figures of $1"
        exit 1
    fi
    grep -q -e "$1" "$out/said"
    [ ! -e "$out/RESULTS.md" ]
}
for name in bench blockbench callbench latency memory pause tcpbench; do
    mv "$out/$name.json" "$out/kept"
    refused "$name.json"
    mv "$out/kept" "$out/$name.json"
done
for name in bench latency memory pause; do
    cp "$out/$name.json" "$out/kept"
    sed 's/"system": "partita-typed"/"system": "other"/' "$out/kept" >"$out/$name.json"
    refused partita-typed
    mv "$out/kept" "$out/$name.json"
done
report
