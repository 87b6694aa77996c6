// Command stock keeps the last price of each stock, in two forms that run one after the other:
// with all prices in one state object, and with one state part for each symbol. It prints a table
// of each. The README tells its flags.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// The exit statuses.
const (
	exitOK        = 0
	exitMalformed = 1 // lines were left out, all else went well
	exitUsage     = 2
	exitFailed    = 3 // the input could not be read, or the application failed
)

// settings are what the flags say.
type settings struct {
	in      string
	workers int
	repeat  int
	work    time.Duration
	quiet   bool
	busy    work // the same as work
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, newConsole(os.Stderr)))
}

// run is the program; it returns the exit status.
func run(arguments []string, stdin io.Reader, stdout io.Writer, console *console) int {
	settings, err := parseFlags(arguments, console.out)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	input, err := openInput(settings.in, stdin)
	if err != nil {
		console.printf("%v", err)
		return exitFailed
	}
	defer input.close()
	settings.busy = newWork(settings.work)

	wrong := 0
	malformed := func(line int, err error) {
		wrong++
		console.printf("line %d: %v", line, err)
	}
	out := bufio.NewWriter(stdout)
	for i, form := range []form{oneObject, onePartPerSymbol} {
		found, err := form.run(context.Background(), settings, input, console, malformed)
		if err != nil {
			console.printf("%s: %v", form.title, err)
			return exitFailed
		}
		malformed = func(int, error) {} // the second form reads the same lines
		if i > 0 {
			fmt.Fprintln(out)
		}
		printResult(out, form.title, found, settings.quiet)
		if err := out.Flush(); err != nil {
			console.printf("%v", err)
			return exitFailed
		}
	}
	if wrong > 0 {
		console.printf("malformed lines left out: %d", wrong)
		return exitMalformed
	}
	return exitOK
}

// parseFlags reads the flags. What is wrong with them is printed.
func parseFlags(arguments []string, stderr io.Writer) (settings, error) {
	var settings settings
	flags := flag.NewFlagSet("stock", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&settings.in, "in", "",
		"read prices from `FILE`, lines of symbol,date,price; - is standard input")
	flags.IntVar(&settings.workers, "workers", 0, "run with `N` workers; 0 is the default of Partita")
	flags.IntVar(&settings.repeat, "repeat", 1, "send the whole input `N` times")
	flags.DurationVar(&settings.work, "work", 0,
		"spend `DURATION` of processor time on each message, as 20us")
	flags.BoolVar(&settings.quiet, "quiet", false, "print no progress and no rate")
	err := flags.Parse(arguments)
	if err != nil {
		return settings, err
	}
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("expected flags only, got %q", flags.Arg(0))
	case settings.workers < 0:
		err = fmt.Errorf("-workers: expected 0 or more, got %d", settings.workers)
	case settings.repeat < 1:
		err = fmt.Errorf("-repeat: expected 1 or more, got %d", settings.repeat)
	case settings.work < 0:
		err = fmt.Errorf("-work: expected 0 or more, got %v", settings.work)
	}
	if err != nil {
		fmt.Fprintf(stderr, "stock: %v\n", err)
		flags.Usage()
	}
	return settings, err
}
