//go:build !partita_system && musl && linux && arm64

package need

const _ int = "Partita has no engine for musl here: use -tags partita_system"
