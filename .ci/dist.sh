#!/bin/sh
# dist.sh DIRECTORY PLATFORM...: leaves there what is released: for each platform that can be built for here an
# archive for C and a module for Go, the Go modules as a tree and as a proxy of files, and checksums. What a
# platform lacks is said in one line. With zig the shared libraries need no newer glibc than GLIBC; without it,
# there is only the platform of this machine, and its library needs what the last lines say.
set -eu
cd "$(dirname "$0")/.."
GLIBC=2.28
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
work=$out/work
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
host=$(rustc -vV | sed -n 's/^host: //p')

say() {
    echo "dist: $*" >&2
}

# tools ARCHITECTURE: how the names of the tools begin that know its objects.
tools() {
    case $host in "$1"-*) ;; *) echo "$1-linux-gnu-" ;; esac
}

# lacks TARGET BINUTILS: what is missing to build for it, if something is.
lacks() {
    if [ ! -d "$(rustc --print target-libdir --target "$1")" ]; then
        echo "the standard library of Rust for it (rustup target add $1)"
    elif [ "$1" != "$host" ] && [ -z "$zig" ]; then
        echo "zig (pip install ziglang)"
    elif ! command -v "$2ld" >/dev/null; then
        echo "GNU binutils for it (Debian: binutils-${2%-})"
    fi
}

# unwinder LINKER DIRECTORY: leaves a libgcc_s.so.1 there that has what Rust calls, to link with instead of one
# from this machine: the versions are those of every GCC since 4.2.
unwinder() {
    functions='DeleteException GetDataRelBase GetIP GetLanguageSpecificData GetRegionStart GetTextRelBase
        RaiseException Resume SetGR SetIP GetCFA FindEnclosingFunction ForcedUnwind'
    mkdir -p "$2"
    # Words are split on purpose, here and below.
    # shellcheck disable=SC2086
    {
        for function in $functions Backtrace GetIPInfo; do echo "void _Unwind_$function(void) {}"; done >"$2/stub.c"
        echo "GCC_3.0 { $(printf '_Unwind_%s; ' $functions)};"
        echo "GCC_3.3 { _Unwind_Backtrace; } GCC_3.0; GCC_4.2.0 { _Unwind_GetIPInfo; } GCC_3.3;"
    } >"$2/versions"
    # shellcheck disable=SC2086
    $1 -shared -nostdlib -Wl,-soname,libgcc_s.so.1 -Wl,--version-script="$2/versions" "$2/stub.c" -o "$2/libgcc_s.so.1"
}

# platform NAME: builds, and lays down the archive for C and the engine for Go.
platform() {
    name=$1
    case $name in
    linux_amd64) target=x86_64-unknown-linux-gnu ;;
    linux_amd64_musl) target=x86_64-unknown-linux-musl ;;
    linux_arm64) target=aarch64-unknown-linux-gnu ;;
    *) say "there is no engine for $name yet" && exit 1 ;;
    esac
    binutils=$(tools "${target%%-*}")
    missing=$(lacks "$target" "$binutils")
    if [ -n "$missing" ]; then
        say "$name is not built, for want of $missing"
        return
    fi
    prefix=$work/partita-$version-$(echo "$name" | tr _ -)
    set -- SHARED="$work/$name"
    if [ "$target" = "$host" ]; then
        built=target/dist
        engine=target/engine/release
    else
        built=target/dist/$target
        engine=target/engine/$target/release
        set -- "$@" TARGET="$target" CROSS="$binutils"
    fi
    if [ -n "$zig" ]; then
        case $target in
        *-gnu) linker="$zig cc -target ${target%%-*}-linux-gnu.$GLIBC" ;;
        *) linker="$zig cc -target ${target%%-*}-linux-musl" ;;
        esac
        unwinder "$linker" "$work/$name/unwinder"
        set -- "$@" LINKER="$linker" LINKED_LIBS="$work/$name/unwinder/libgcc_s.so.1"
    fi
    make --no-print-directory package-prefix PACKAGE="$prefix" "$@"
    .ci/notices.sh "$target" "$engine/libpartita.a" >"$prefix/NOTICES"
    cp LICENSE "$prefix"
    packed "$prefix" "$(basename "$prefix")"

    module=$work/go/native/$name
    object=partita_${name%_musl}.syso
    cp "$built/partita.o" "$module/$object"
    echo "// $object is here." >"$module/made.h"
    cp LICENSE "$prefix/NOTICES" "$module"
    say "$name: $(sizes "$prefix" "$module/$object")"
}

# packed DIRECTORY NAME: as the archive NAME of a directory of that name, the same for the same content.
packed() {
    tar -C "$(dirname "$1")" --sort=name --owner=0 --group=0 --numeric-owner --mode=go-w --mtime=@0 \
        --transform "flags=r;s|^$(basename "$1")|$2|" -cf - "$(basename "$1")" | gzip -9n >"$out/$2.tar.gz"
}

# sizes PREFIX OBJECT: in a line, with the newest glibc that the shared library needs.
sizes() {
    needs=$(readelf --version-info "$1"/lib/libpartita.so | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1 | tr _ ' ')
    printf 'libpartita.so %d kB (%s), libpartita.a %d kB, for Go %d kB, as a module %d kB' \
        $(($(size_of "$1"/lib/libpartita.so) / 1000)) "${needs:-no glibc}" \
        $(($(size_of "$1"/lib/libpartita.a) / 1000)) $(($(size_of "$2") / 1000)) \
        $(($(gzip -c "$2" | wc -c) / 1000))
}

size_of() {
    stat --dereference --format %s "$1"
}

required=$(sed -n 's|.*/go/native/[a-z0-9_]* v||p' go/go.mod | sort -u)
[ "$required" = "$version" ] || { say "go/go.mod requires engines of other versions than $version" && exit 1; }
zig=
if .ci/zig.sh version >/dev/null 2>&1; then zig=.ci/zig.sh; fi
[ -n "$zig" ] || say "without zig (pip install ziglang) libpartita.so needs a glibc as new as this machine's"
rm -rf "${out:?}"/*
mkdir "$work"

# The Go modules: all but what was built in the tree. What is released finds its engines by their versions, since
# `go install` takes no module that replaces others; in the tree a workspace says where they are.
cp -Rp go "$work"
rm -f "$work"/go/native/*/*.syso "$work"/go/native/*/made.h
cp LICENSE "$work/go"
for engine in go/native/*; do
    go -C "$work/go" mod edit -dropreplace "github.com/partita-stream/partita/$engine"
done
(cd "$work/go" && export GOWORK='' && go work init . native/* && go work edit -go "$(sed -n 's/^go //p' go.mod)")

for name; do platform "$name"; done

go run .ci/goproxy.go "$work/goproxy" "$version" "$work/go" "$work"/go/native/*
large=$(find "$work/go/native" "$work/goproxy" -type f -size +5000000c)
[ -z "$large" ] || { say "larger than 5 MB: $large" && exit 1; }
for tree in go goproxy; do
    packed "$work/$tree" "partita-$version-$tree"
    mv "$work/$tree" "$out"
done
cd "$out"
rm -r work
sha256sum ./*.tar.gz | sed 's|\./||' >SHA256SUMS
cat SHA256SUMS
