#!/bin/sh
# go_asan.sh: the tests of the Go package under the address sanitizer of the C compiler, which sees what Go does
# with C's and the engine's memory. First, planted bugs are found, and named.
set -eu
cd "$(dirname "$0")/../../go"
for planted in KeysAreRead ARunIsRead; do
    if report=$(go test -asan -tags planted -count=1 -run "TestPlanted$planted" ./partita 2>&1); then
        echo "the planted bug $planted was not noticed" && exit 1
    fi
    case $report in
    *heap-use-after-free*) echo "the planted bug $planted was found" ;;
    *) echo "the planted bug $planted was not named: $report" && exit 1 ;;
    esac
done
# What computes most touches no more of C's memory than the rest does.
go test -asan -tags planted -count=1 -skip 'Planted|Detector|Million|RandomPrograms|PlainMap|FewBytes|Profile' ./partita
