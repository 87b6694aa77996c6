# compare.awk -v recorded_version=X.Y -v version=X.Y RECORDED TODAY: compares two lists of list.sh, and
# prints a line for all that breaks programs of the recorded one, or is new without saying since when.

# Structs that do not begin with their size, and may grow: they come in arrays beside which the size of one stands.
BEGIN { may_grow["partita_dead_letter"] = may_grow["partita_completion"] = 1 }

# The kind and the name of a line are its key, what follows is what is said of it.
{ colon = index($0, ": "); key = substr($0, 1, colon - 1); said = substr($0, colon + 2) }
NR == FNR { recorded[key] = said; order[++recorded_len] = key; next }
{ today[key] = said; order[recorded_len + ++today_len] = key }

# The number behind a word.
function number(word, said) {
    return match(said, word " [0-9]+") ? substr(said, RSTART + length(word) + 1, RLENGTH - length(word) - 1) + 0 : -1
}

# above(X.Y, X.Y): is the first version above the second?
function above(version, other,    a, b) {
    split(version, a, ".")
    split(other, b, ".")
    return a[1] + 0 > b[1] + 0 || a[1] + 0 == b[1] + 0 && a[2] + 0 > b[2] + 0
}

function struct_of(key,    name) {
    name = substr(key, index(key, " ") + 1)
    sub(/\..*/, "", name)
    return name
}

# Has this change been announced: that a struct may grow, or that there may be more reasons?
function allowed(key, old, new,    name) {
    name = struct_of(key)
    if (key == "value PARTITA_DEAD_REASONS") return new + 0 > old + 0
    if (key !~ /^struct / || !(name in may_grow) && !(("field " name ".size") in recorded)) return 0
    return number("size", new) > number("size", old) && number("align", new) == number("align", old)
}

function wrong(line) { print line; failed = 1 }

function compare(key,    old, new) {
    old = recorded[key]
    if (!(key in today)) {
        wrong("removed: " key ": " old)
        return
    }
    new = today[key]
    if (old != new && !allowed(key, old, new)) wrong("changed: " key ": " old " -> " new)
}

function introduce(key, said,    struct) {
    struct = "struct " struct_of(key)
    if (key ~ /^field / && !(struct in recorded)) return # it comes with its struct
    if (key ~ /^field / && number("offset", said) < number("size", recorded[struct]))
        wrong("added: " key ": it lies in what programs of " recorded_version " may leave unset: " said)
    if (!above(version, recorded_version))
        wrong("added: " key ": " recorded_version " is recorded, so raise the version in Cargo.toml")
    else if (said !~ (", since " version "$"))
        wrong("added: " key ": its comment must say `since " version "`")
}

END {
    for (i = 1; i <= recorded_len; i++) compare(order[i])
    for (i = recorded_len + 1; i <= recorded_len + today_len; i++)
        if (!(order[i] in recorded)) introduce(order[i], today[order[i]])
    exit failed
}
