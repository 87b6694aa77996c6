#!/bin/sh
# notices.sh TARGET: prints the licences of all that is in a library for this target beside Partita's own
# code: of the crates it links, as their authors wrote them, and of Rust's standard library.
set -eu
cd "$(dirname "$0")/.."
target=$1

# The crates that are linked: not those that only build scripts, macros or tests use.
crates() {
    cargo tree --locked --edges normal,no-proc-macro --target "$target" --prefix none --format '{p}|{l}' |
        sed -n 's/^\([^ ]*\) v\([^ |]*\)|\(.*\)/\1-\2 \3/p' | sort -u
}

# directory_of NAME-VERSION: where cargo has its source.
directory_of() {
    cargo metadata --locked --format-version 1 --filter-platform "$target" |
        grep -o '"manifest_path":"[^"]*"' | sed -n "s|.*\"\(/.*/$1\)/Cargo.toml\"|\1|p" | head -n 1
}

# text_of PAGE: without the markup.
text_of() {
    sed -e 's/<[^>]*>//g; s/[[:space:]]*$//' \
        -e "s/&lt;/</g; s/&gt;/>/g; s/&#34;/\"/g; s/&quot;/\"/g; s/&#39;/'/g; s/&#x27;/'/g; s/&amp;/\&/g" "$1" | cat -s
}

linked=$(crates)
[ -n "$linked" ] || { echo "notices: cargo names no crate that is linked" >&2 && exit 1; }
rule='================================================================================'
echo "Partita contains code of others, under these licences. Its own is in LICENSE."
echo "$linked" | while read -r crate licence; do
    printf '\n%s\n%s (%s)\n%s\n' $rule "$crate" "$licence" $rule
    texts=$(find "$(directory_of "$crate")" -maxdepth 1 -type f \
        \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'unlicense*' \) | sort)
    [ -n "$texts" ] || { echo "notices: $crate has no licence file" >&2 && exit 1; }
    echo "$texts" | while read -r text; do
        printf '\n'
        cat "$text"
    done
done

page=$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html
[ -f "$page" ] || { echo "notices: Rust came without the licences of its library, $page" >&2 && exit 1; }
printf '\n%s\nThe standard library of %s\n%s\n\n' $rule "$(rustc --version)" $rule
text_of "$page"
