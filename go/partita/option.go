package partita

// apply makes the settings of options, and tells whether one of them is nil.
func apply[T any, O ~func(*T)](target *T, options []O) (hasNil bool) {
	for _, option := range options {
		if option == nil {
			hasNil = true
			continue
		}
		option(target)
	}
	return hasNil
}
