package figures

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Ask has a program measure, which prints an array of values.
func Ask(program string, arguments ...string) ([]Value, error) {
	command := exec.Command(program, arguments...)
	command.Stderr = os.Stderr
	printed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	var values []Value
	if err := json.Unmarshal(printed, &values); err != nil {
		return nil, fmt.Errorf("%s printed %q: %w", command, printed, err)
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s printed no values", command)
	}
	return values, nil
}

// AskInTurn has programs measure, round by round, and tells their figures. Each is a command with its arguments.
func (options *Options) AskInTurn(commands [][]string) error {
	var values []Value
	err := InTurn(options.Rounds, len(commands), func(_, i int) error {
		measured, err := Ask(commands[i][0], commands[i][1:]...)
		values = append(values, measured...)
		return err
	})
	if err != nil {
		return err
	}
	return options.Tell(Summarize(values))
}

// Print prints values as Ask reads them.
func Print(values []Value) error { return json.NewEncoder(os.Stdout).Encode(values) }
