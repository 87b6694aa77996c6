# For scripts to read: somebody's Go module, in a directory of its own and with a cache of modules of its own, on
# a machine where to call Rust ends in an error.

# user_of PROXY: makes it, in $user; it requires the $version of Partita that this proxy of files has.
user_of() {
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
    user=$(mktemp -d)
    trap 'chmod -R u+w "$user" && rm -rf "$user"' EXIT
    export GOPROXY="file://$PWD/$1" GONOSUMDB='*' GOFLAGS='' GOMODCACHE="$user/modules"
    mkdir "$user/rust"
    for tool in cargo rustc rustup; do
        printf '#!/bin/sh\necho "$0 was called" >&2\nexit 1\n' >"$user/rust/$tool"
        chmod +x "$user/rust/$tool"
    done
    export PATH="$user/rust:$PATH"
    cp tests/packages/go/main.go "$user"
    # As README.md says it, but for the proxy and the version.
    get=$(grep '^go get ' README.md)
    # Words are split on purpose.
    # shellcheck disable=SC2086
    (cd "$user" && go mod init example.com/user && $get"@v$version")
}

# builds_and_runs FLAG...: the program does what it is for. $RUN runs it, where this machine cannot.
builds_and_runs() {
    go -C "$user" build "$@" -o program .
    [ "$(${RUN-} "$user/program")" = "of=2 song=1 the=3 words=1 year=1" ]
}
