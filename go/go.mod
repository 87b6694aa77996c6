module github.com/partita-stream/partita/go

go 1.24

// The engine, for each platform. Their version is that of this module.
require (
	github.com/partita-stream/partita/go/native/linux_amd64 v0.2.0
	github.com/partita-stream/partita/go/native/linux_amd64_musl v0.2.0
	github.com/partita-stream/partita/go/native/linux_arm64 v0.2.0
)

replace (
	github.com/partita-stream/partita/go/native/linux_amd64 => ./native/linux_amd64
	github.com/partita-stream/partita/go/native/linux_amd64_musl => ./native/linux_amd64_musl
	github.com/partita-stream/partita/go/native/linux_arm64 => ./native/linux_arm64
)
