# awk -v goods=FILE -f wrong_calls.awk include/partita.h: writes, for tests/c/wrong_calls.c, what every function of
# the header takes (by its signature), what the structs that it is given have in them, and what it may
# answer (by its doc comment). A function that is new is called without further ado; what the test cannot know
# of by itself is named here, and fails: a type that is none of those below, and a struct that functions are given
# and for which FILE has no `good_NAME`, which fills one in as it should be.

function fail(what) {
    print "wrong_calls.awk: " what >"/dev/stderr"
    failed = 1
    exit 1
}

function trimmed(text) {
    gsub(/[ \t]+/, " ", text)
    sub(/^ /, "", text)
    sub(/ $/, "", text)
    return text
}

# The type and the name of a declaration such as `const struct partita_wait *wait`.
function split_declaration(declaration) {
    declaration = trimmed(declaration)
    match(declaration, /[A-Za-z_0-9]+(\[[A-Z_a-z0-9]*\])?$/)
    found_name = substr(declaration, RSTART)
    found_type = trimmed(substr(declaration, 1, RSTART - 1))
    sub(/\[.*/, "", found_name)
}

function struct_of(type) {
    return match(type, /partita_[a-z_]+/) ? substr(type, RSTART, RLENGTH) : ""
}

# What kind of thing is passed as `type name` to `whose`; `before` is the kind of the argument in front of it,
# or "field".
function kind_of(type, name, before, whose,    struct) {
    struct = struct_of(type)
    if (type in functions_types) return "FUNCTION"
    if (type == "void *") return "OPAQUE"
    if (type == "struct partita_str") return "TEXT"
    if (type == "struct partita_bytes") return "BYTES"
    if (type == "union partita_value") return "WORD"
    if (type == "struct " struct && struct in handles) return "HANDLE"
    if (type ~ /^(u?int(32|64)_t|size_t|partita_status)$/) {
        if (type == "size_t" && (before == "ARRAY" || before == "field" && has_arrays)) return "LENGTH"
        return "NUMBER"
    }
    if (type ~ /\*$/ && name ~ /_out$/) {
        # Room for many is followed by how many.
        if (type == "union partita_value *" && name == "values_out" || type == "char *") return "ARRAY"
        if (struct in handles) return name == "error_out" ? "ERROR_OUT" : "HANDLE_OUT"
        return (struct in sized) && type !~ /\*\*$/ ? "SIZED_OUT" : "OUT"
    }
    if (before != "field" && struct in sized && type ~ /^const /) return "STRUCT"
    if (before != "field" && type ~ /^struct partita_(emitter|run|chain) \*$/) return "LENT"
    if (type ~ /^(const )?(char|u?int[0-9]+_t|size_t|union partita_value|struct partita_bytes) \*$/) return "ARRAY"
    fail(whose " has `" type (type ~ /\*$/ ? "" : " ") name "`, and nobody knows which wrong values there are of that")
}

function is_signed(type) {
    return type ~ /^(int|partita_status)/
}

function item(type, name, kind, where, shape, of, may_be_null) {
    return sprintf("    {\"%s\", %s, %s, %s, %d, %s, %s, %d},\n", name, kind, where,
        size_of(type, kind), is_signed(type), shape, of, may_be_null)
}

# Does the doc comment say of an argument, as of some before it, that it is NULL or something?
function says_null(name, comment,    count, clauses, index_) {
    sub(/^.*Pointers:/, "", comment)
    gsub(/[ *]+/, " ", comment)
    count = split(comment, clauses, /[;.]/)
    for (index_ = 1; index_ <= count; index_++) {
        if (sub(/ NULL or .*/, "", clauses[index_]) && index(clauses[index_], "`" name "`")) return 1
    }
    return 0
}

# Of a number, or of what is pointed to by an out-parameter.
function size_of(type, kind) {
    if (kind == "NUMBER" || kind == "LENGTH") return "sizeof(" type ")"
    if (kind !~ /OUT$/) return "0"
    sub(/ \*$/, "", type)
    return "sizeof(" type ")"
}

function handle_of(type, kind) {
    return kind ~ /^HANDLE/ || kind == "ERROR_OUT" ? "OF_" struct_of(type) : "0"
}

# The fields of a struct that functions are given.
function write_shape(struct,    index_, count, kind, text) {
    if (struct in written) return
    written[struct] = 1
    if (!(struct in good)) {
        fail(struct " is given to functions, and nobody knows a good one: write good_" struct " in " goods)
    }
    has_arrays = 0
    for (index_ = 1; index_ <= fields[struct]; index_++) {
        if (kind_of(type_of[struct, index_], name_of[struct, index_], "field", struct) == "ARRAY") has_arrays = 1
    }
    text = ""
    for (index_ = 2; index_ <= fields[struct]; index_++) {
        kind = kind_of(type_of[struct, index_], name_of[struct, index_], "field", struct)
        text = text item(type_of[struct, index_], name_of[struct, index_], kind,
            "offsetof(" struct ", " name_of[struct, index_] ")", "NULL", handle_of(type_of[struct, index_], kind))
    }
    printf "\nstatic const item fields_of_%s[] = {\n%s};\n", struct, text
    printf "static const shape shape_of_%s = {\"%s\", sizeof(%s),\n", struct, struct, struct
    printf "    good_%s, fields_of_%s, sizeof fields_of_%s / sizeof(item)};\n", struct, struct, struct
}

# How an argument is passed on.
function passed(type, kind, place) {
    place = "of[" place "]"
    if (kind == "HANDLE") return "(" struct_of(type) "){" place ".word}"
    if (kind == "TEXT") return place ".text"
    if (kind == "BYTES") return place ".bytes"
    if (kind == "WORD") return "(partita_value){.word = " place ".word}"
    if (kind == "NUMBER" || kind == "LENGTH") return "(" type ")" place ".word"
    return place ".pointer"
}

function write_function(function_,    count, parts, index_, kind, before, text, call, struct, result, inside) {
    count = split(arguments[function_], parts, ",")
    if (trimmed(arguments[function_]) == "void") count = 0
    text = call = ""
    before = "none"
    inside = "0"
    for (index_ = 1; index_ <= count; index_++) {
        split_declaration(parts[index_])
        # Declarations are split again for the fields of a struct.
        this_type = found_type
        this_name = found_name
        kind = kind_of(this_type, this_name, before, function_)
        struct = struct_of(this_type)
        if (kind == "STRUCT") write_shape(struct)
        if (kind == "LENT") inside = "INSIDE_" substr(struct, length("partita_") + 1)
        text = text item(this_type, this_name, kind, "0", kind == "STRUCT" ? "&shape_of_" struct : "NULL",
            handle_of(this_type, kind), says_null(this_name, doc[function_]))
        call = call (index_ > 1 ? ", " : "") passed(this_type, kind, index_ - 1)
        before = kind
    }
    printf "\nstatic const item arguments_of_%s[] = {\n%s    {0}};\n", function_, text
    result = function_ "(" call ")"
    if (returns[function_] == "struct partita_str") result = "is_text(" result ")"
    else if (returns[function_] == "uint32_t") result = "is_number(" result ")"
    else if (returns[function_] != "partita_status") {
        fail(function_ " answers `" returns[function_] "`, and nobody knows what to expect of that")
    }
    printf "static partita_status call_%s(const slot *of) {\n", function_
    printf "    (void)of;\n    return %s;\n}\n", result
    table = table sprintf("    {\"%s\", arguments_of_%s, %d, call_%s, %s,\n        0%s},\n",
        function_, function_, count, function_, inside, answers(function_, function_))
}

# Statuses that the doc comment of a function names, and those of one which it says it answers like, for `whose`.
function answers(function_, whose,    rest, name, all, like) {
    rest = doc[function_]
    while (match(rest, /PARTITA_[A-Z_0-9]+/)) {
        name = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (name in statuses && name != "PARTITA_OK" && !((whose, name) in told)) {
            told[whose, name] = 1
            all = all " | ANSWER(" name ")"
        }
    }
    rest = doc[function_]
    while (match(rest, /([Aa]s|[Aa]s for|[Ll]ike) `partita_[a-z_]+`/)) {
        like = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        like = struct_of(like)
        if (like != function_ && like in doc) all = all answers(like, whose)
    }
    return all
}

BEGIN {
    while ((getline line <goods) > 0) {
        if (match(line, /good_partita_[a-z_]+\(/)) good[substr(line, RSTART + 5, RLENGTH - 6)] = 1
    }
}

/^ *\/\*/ { comment = ""; in_comment = 1 }
in_comment { comment = comment " " $0; if (/\*\//) in_comment = 0; next }

/^#define PARTITA_OK 0$/ { in_statuses = 1 }
/^#define / && in_statuses { statuses[$2] = 1; next }

/^extern "C"/ { in_statuses = 0; in_functions = 1; next }
/^#|^}|^$/ && !in_type { next }

/^typedef (struct|union) .*\{$/ { in_type = $3; next }
in_type && /^}/ {
    if (fields[in_type] == 1 && name_of[in_type, 1] == "id") handles[in_type] = ++handles_count
    if (fields[in_type] == 1 && name_of[in_type, 1] == "id") handle_number[handles_count] = in_type
    if (type_of[in_type, 1] == "size_t" && name_of[in_type, 1] == "size") sized[in_type] = 1
    in_type = ""
    next
}
in_type {
    line = $0
    sub(/;.*/, "", line)
    split_declaration(line)
    fields[in_type]++
    type_of[in_type, fields[in_type]] = found_type
    name_of[in_type, fields[in_type]] = found_name
    next
}
/^typedef .*\(\*partita_[a-z_]+_fn\)/ {
    match($0, /partita_[a-z_]+_fn/)
    functions_types[substr($0, RSTART, RLENGTH)] = 1
}
/^typedef/ { skipping = 1 }
skipping { if (/;/) skipping = 0; next }

in_functions {
    if (declaration == "") declared_doc = comment
    declaration = declaration " " $0
    if (!/;/) next
    text = trimmed(declaration)
    declaration = ""
    match(text, /partita_[a-z_0-9]+\(/)
    name = substr(text, RSTART, RLENGTH - 1)
    names[++functions_count] = name
    returns[name] = trimmed(substr(text, 1, RSTART - 1))
    arguments[name] = substr(text, RSTART + RLENGTH)
    sub(/\);.*/, "", arguments[name])
    doc[name] = declared_doc
}

END {
    if (failed) exit 1
    if (functions_count == 0) fail("there is no function in the header")
    print "/* Generated from include/partita.h by tests/tools/wrong_calls.awk. */"
    print "\nenum handle {"
    for (number = 1; number <= handles_count; number++) print "    OF_" handle_number[number] ","
    print "    HANDLES\n};"
    for (number = 1; number <= functions_count; number++) write_function(names[number])
    printf "\nstatic const function functions[] = {\n%s};\n", table
}
