#!/bin/sh
# A Go program tells at its start that the library does not go together with the package, and names both versions:
# with a shared library that is another one when it runs, and with an engine that is built in. The libraries are of
# today, but for the version that they tell.
set -eu
cd "$(dirname "$0")/../.."
dist=$PWD/target/dist
header=$PWD/include
CC=${CC:-cc}
soname=$(basename "$dist"/libpartita.so.[0-9])
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
abi=${soname##*.}
# Always the same place: what Go has compiled there it knows.
tree=$PWD/target/go_version
rm -rf "$tree"
mkdir -p "$tree"
cp -Rp go "$tree"
mkdir "$tree/go/examples/user"
cp tests/packages/go/main.go "$tree/go/examples/user"
cd "$tree"

# object VERSION ABI: the engine, which says that it is of these, as VERSION-ABI.o.
object() {
    cat >tells.c <<END
#include <partita.h>
partita_str partita_version(void) { return (partita_str)PARTITA_STR("$1"); }
uint32_t partita_abi(void) { return $2; }
END
    "$CC" -c -fPIC -I"$header" tells.c -o tells.o
    objcopy --localize-symbol=partita_version --localize-symbol=partita_abi "$dist/partita.o" engine.o
    ld -r engine.o tells.o -o "$1-$2.o"
}

# works, refused VERSION ABI: what the program does, which is run as the words say that follow.
works() {
    echo "$*"
    [ "$("$@")" = "of=2 song=1 the=3 words=1 year=1" ]
}
refused() {
    least=${version%.*}
    expected="application \"words\": package and library do not go together: this package is of $version (ABI $abi),"
    expected="$expected and the library of $1 (ABI $2): expected ABI $abi, and version $least or above"
    shift 2
    echo "$*"
    if "$@" >said 2>&1; then echo "it runs; expected: $expected" && exit 1; fi
    cat said
    [ "$(wc -l <said)" -eq 1 ]
    grep -qF "$expected" said
}

# Where a shared library is the other one.
printf '#!/bin/sh\ncase $1 in --libs) echo "-L%s -lpartita" ;; esac\n' "$dist" >pkg-config
chmod +x pkg-config
PKG_CONFIG=$PWD/pkg-config go -C go build -tags partita_system -o "$tree/system" ./examples/user
other() {
    object "$1" "$2"
    mkdir "$1-$2"
    "$CC" -shared -Wl,-soname,"$soname" "$1-$2.o" -o "$1-$2/$soname"
}
works env LD_LIBRARY_PATH="$dist" ./system
other 0.0.9 "$abi"
refused 0.0.9 "$abi" env LD_LIBRARY_PATH=0.0.9-"$abi" ./system
other 99.0.0 "$abi"
works env LD_LIBRARY_PATH=99.0.0-"$abi" ./system
other 99.0.0 99
refused 99.0.0 99 env LD_LIBRARY_PATH=99.0.0-99 ./system

# Where the engine is built in.
platform=$(go env GOOS)_$(go env GOARCH)
cp "0.0.9-$abi.o" "go/native/$platform/partita_$platform.syso"
go -C go build -o "$tree/bundled" ./examples/user
refused 0.0.9 "$abi" ./bundled
