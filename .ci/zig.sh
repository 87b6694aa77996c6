#!/bin/sh
# zig.sh ARGUMENT...: calls zig, be it a program or the package of that name for Python. ZIG says how instead;
# if it is empty, there is none.
if [ "${ZIG-unset}" = unset ]; then
    if command -v zig >/dev/null; then ZIG=zig; else ZIG="python3 -m ziglang"; fi
fi
[ -n "$ZIG" ] || exit 127
# Words are split on purpose.
# shellcheck disable=SC2086
exec $ZIG "$@"
