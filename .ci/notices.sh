#!/bin/sh
# notices.sh TARGET ARCHIVE: prints the licences of all that is in an archive that rustc made for this target, beside
# Partita's own code: of the crates it links, as their authors wrote them, and of Rust's standard library.
set -eu
cd "$(dirname "$0")/.."
target=$1
archive=$2

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

# text_of: standard input without the markup.
text_of() {
    sed -e 's/<[^>]*>//g; s/[[:space:]]*$//' \
        -e "s/&lt;/</g; s/&#60;/</g; s/&gt;/>/g; s/&#62;/>/g; s/&#34;/\"/g; s/&quot;/\"/g; s/&#39;/'/g; s/&#x27;/'/g; s/&amp;/\&/g" | cat -s
}

# The crates in Rust's library that are linked, as the line tables of the archive name them.
crates_of_library() {
    grep -aoE '/rust/deps/[A-Za-z0-9_-]+-[0-9][0-9.]*[0-9]' "$archive" | sed 's|.*/||' | sort -u
}

# section_of NAME-VERSION PAGE: what it says of this crate, or else of the newest version of it that it knows.
section_of() {
    title=$(grep -o "📦 $1<" "$2" || grep -o "📦 ${1%-*}-[0-9][^<]*<" "$2" | tail -n 1)
    [ -n "$title" ] || { echo "notices: Rust has no licence of $1" >&2 && return 1; }
    awk -v title="$title" '/<h3>/ { inside = index($0, title) } inside' "$2"
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

# The page of the library leaves out what is in it for backtraces; that of all of Rust has it.
pages=$(rustc --print sysroot)/share/doc/rust
page=$pages/COPYRIGHT-library.html
[ -f "$page" ] || { echo "notices: Rust came without the licences of its library, $page" >&2 && exit 1; }
printf '\n%s\nThe standard library of %s\n%s\n\n' $rule "$(rustc --version)" $rule
text_of <"$page"
linked=$(crates_of_library)
[ -n "$linked" ] || { echo "notices: the line tables of $archive name no crate of Rust's library" >&2 && exit 1; }
for crate in $linked; do
    if ! grep -q "📦 $crate<" "$page"; then
        printf '\n%s\n%s, of the standard library of Rust\n%s\n\n' $rule "$crate" $rule
        section=$(section_of "$crate" "$pages/COPYRIGHT.html")
        echo "$section" | text_of
    fi
done
