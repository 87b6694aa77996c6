module shown

go 1.24
