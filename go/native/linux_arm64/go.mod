module github.com/partita-stream/partita/go/native/linux_arm64

go 1.24
