package figures

import (
	"cmp"
	"slices"
)

// Median returns the middle value, or the lower one of the two middle values. There is at least one.
func Median[T cmp.Ordered](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}
