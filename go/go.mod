module github.com/partita-stream/partita/go

go 1.24
