//go:build partita_system && musl

package need

const _ int = "the tags partita_system and musl exclude each other: leave one out"
