module github.com/partita-stream/partita/benches/go

go 1.24
