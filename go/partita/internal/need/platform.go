//go:build !partita_system && !(linux && (amd64 || arm64))

// The engine to link is then one that was built and installed on the machine.
package need

const _ int = "Partita has no engine for this platform: use -tags partita_system"
