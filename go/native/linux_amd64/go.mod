module github.com/partita-stream/partita/go/native/linux_amd64

go 1.24
