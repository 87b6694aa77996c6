package figures

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// Options are those that every program takes.
type Options struct {
	// Out is the file to write, or empty.
	Out string
	// Try asks for tiny sizes, to see that everything runs.
	Try bool
	// Rounds are those that count.
	Rounds int
	began  time.Time
}

// Define adds the options to those of a program.
func Define(flags *flag.FlagSet, rounds int) *Options {
	options := &Options{began: time.Now()}
	flags.StringVar(&options.Out, "out", "", "the `file` to write the figures to")
	flags.BoolVar(&options.Try, "try", false, "tiny sizes, only to see that everything runs: the figures mean nothing")
	flags.IntVar(&options.Rounds, "rounds", rounds, "`rounds` to count")
	return options
}

// Check tells what is wrong with the options.
func (options *Options) Check() error {
	if options.Rounds < 1 {
		return fmt.Errorf("-rounds: %d, expected at least 1", options.Rounds)
	}
	return nil
}

// run is what is known when all is measured.
func (options *Options) run() Run {
	return Run{
		Command: commandLine(), Began: options.began, Ended: time.Now(), Source: source(),
		Rounds: options.Rounds, Trial: options.Try,
	}
}

// Tell prints the figures for people, and writes them to the file, if there is to be one.
func (options *Options) Tell(all []Figure) error {
	if err := PrintTable(os.Stdout, all); err != nil || options.Out == "" {
		return err
	}
	return write(options.Out, File{Run: options.run(), Figures: all})
}

// WriteResults writes the results to the file, and of the run beside it, if there is to be one.
func (options *Options) WriteResults(all []Result) error {
	if options.Out == "" {
		return nil
	}
	if err := write(options.Out, all); err != nil {
		return err
	}
	return write(runFile(options.Out), options.run())
}
