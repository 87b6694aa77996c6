module github.com/partita-stream/partita/go/native/linux_amd64_musl

go 1.24
