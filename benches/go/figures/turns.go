package figures

// InTurn has each system run once a round. Each round begins with another one, and what is around it changes with
// the rounds for all of them alike.
func InTurn(rounds, systems int, run func(round, system int) error) error {
	for round := range rounds {
		for turn := range systems {
			if err := run(round, (round+turn)%systems); err != nil {
				return err
			}
		}
	}
	return nil
}
