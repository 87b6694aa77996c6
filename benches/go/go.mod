module github.com/partita-stream/partita/benches/go

go 1.24

require github.com/partita-stream/partita/go v0.0.0

replace github.com/partita-stream/partita/go => ../../go
