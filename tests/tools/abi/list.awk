# Makes of a header a C program that lists its ABI, in the words of tests/tools/abi/list.h. The header is as
# cbindgen writes it: a declaration is a line, or several up to a `;`, behind its comment; one field a line.

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

# Without spaces that only lay the text out, and the `;` behind it.
function squeezed(text) {
    gsub(/[ \t]+/, " ", text)
    sub(/^ /, "", text)
    sub(/ ?;? ?$/, "", text)
    gsub(/\* /, "*", text)
    return text
}

# What the comment says of the version that brought this: `, since 0.2`, or nothing.
function since() {
    if (!match(comment, /[Ss]ince [0-9]+\.[0-9]+/)) return quoted("")
    return quoted(", s" substr(comment, RSTART + 1, RLENGTH - 1))
}

function text_line(line) { print "    TEXT(" quoted(line) ", " since() ");" }

function field(line,    array, name) {
    line = squeezed(line)
    array = match(line, /\[.*$/) ? substr(line, RSTART) : ""
    line = substr(line, 1, length(line) - length(array))
    match(line, /[A-Za-z0-9_]+$/)
    name = substr(line, RSTART)
    line = squeezed(substr(line, 1, RSTART - 1)) array
    fields = fields "    FIELD(" inside ", " name ", " quoted(line) ", " since() ");\n"
}

# A declaration other than that of a struct: of a function, a type of function, or another name of a type.
function declared(line,    name, type) {
    line = squeezed(line)
    if (sub(/^typedef /, "", line)) {
        match(line, /\(\*[a-z0-9_]+\)|[a-z0-9_]+$/)
        name = substr(line, RSTART, RLENGTH)
        type = squeezed(substr(line, 1, RSTART - 1) (name ~ /^\(/ ? "(*)" substr(line, RSTART + RLENGTH) : ""))
        gsub(/[(*)]/, "", name)
        text_line("type " name ": " type)
    } else {
        match(line, /[a-z0-9_]+\(/)
        name = substr(line, RSTART, RLENGTH - 1)
        text_line("function " name ": " substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH - 1))
    }
}

# `NAME(PARAMETERS): BODY`.
function macro(line) {
    sub(/\) /, "): ", line)
    return "macro " line
}

BEGIN { print "#include \"partita.h\"\n#include \"tests/tools/abi/list.h\"\n\nint main(void) {" }
END { print "    return 0;\n}" }

# Comments.
/^ *\/\*/ { comment = ""; in_comment = 1 }
in_comment { comment = comment " " $0; if (/\*\//) in_comment = 0; next }

# Macros. The guard and the version are not of the ABI.
/^#define PARTITA_H$/ || /^#define PARTITA_VERSION / { next }
/^#define [A-Z0-9_]+\(/ { text_line(macro(squeezed(substr($0, 9)))); comment = ""; next }
/^#define / { print "    VALUE(" $2 ", " since() ");"; comment = ""; next }
/^#/ || /^extern "C"/ || /^} *\/\/ extern "C"/ || /^ *$/ { next }

# Structs and unions.
/^typedef (struct|union) [a-z0-9_]+ \{$/ {
    inside = $3
    fields = ""
    head = "    LAYOUT(" quoted($2) ", " inside ", " since() ");"
    next
}
inside && /^\}/ { print head; printf "%s", fields; inside = ""; comment = ""; next }
inside { field($0); comment = ""; next }

{ statement = statement " " $0 }
/;$/ { declared(statement); statement = comment = "" }
