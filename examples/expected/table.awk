# Makes the table of last prices that the stock programs print, without Partita:
#
#     awk -f table.awk stocks.csv
#
# Lines that are no prices are left out.

BEGIN { FS = "," }

{ sub(/\r$/, "") }

NF == 3 && $1 ~ /^[A-Za-z][A-Za-z]?[A-Za-z]?[A-Za-z]?$/ && $2 != "" && \
$3 ~ /^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$/ {
    if (!($1 in last))
        symbols[++count] = $1
    last[$1] = $3
}

END {
    for (i = 2; i <= count; i++) {
        symbol = symbols[i]
        for (j = i; j > 1 && symbols[j - 1] "" > symbol ""; j--)
            symbols[j] = symbols[j - 1]
        symbols[j] = symbol
    }
    printf "%-6s %10s\n", "symbol", "price"
    for (i = 1; i <= count; i++)
        printf "%-6s %10.2f\n", symbols[i], last[symbols[i]]
}
