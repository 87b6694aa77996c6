package main

import (
	"flag"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/partita-stream/partita/benches/go/workload"
)

// options is what the command line asks for.
type options struct {
	rounds   int
	keys     keyCounts
	messages int
	workers  int
	seed     uint64
	systems  *regexp.Regexp
	jsonFile string
}

const (
	roundsFull, messagesFull   = 7, 4_000_000
	roundsQuick, messagesQuick = 3, 2_000_000
)

// parseOptions reads the command line. It prints what is wrong with it, and the usage.
func parseOptions(arguments []string) (options, error) {
	options := options{keys: keyCounts{4, 1_000, 1_000_000}}
	flags := flag.NewFlagSet("stockbench", flag.ContinueOnError)
	flags.IntVar(&options.rounds, "rounds", roundsFull, "rounds to count, after one to warm up")
	flags.Var(&options.keys, "keys", "numbers of keys, one bench each, separated by commas")
	flags.IntVar(&options.messages, "messages", messagesFull, "messages a round")
	flags.IntVar(&options.workers, "workers", 2, "workers a system may use")
	flags.Uint64Var(&options.seed, "seed", seedDefault, "seed of the messages")
	flags.StringVar(&options.jsonFile, "json", "", "also write the figures to this `file`")
	systems := flags.String("systems", "", "run only the systems whose names match this regular expression")
	quick := flags.Bool("quick", false, fmt.Sprintf(
		"short run: %d rounds, %d messages, where these are not given", roundsQuick, messagesQuick))
	if err := flags.Parse(arguments); err != nil {
		return options, err
	}
	if *quick {
		options.shorten(flags)
	}
	err := options.check(*systems)
	if err != nil {
		fmt.Fprintln(flags.Output(), "stockbench:", err)
	}
	return options, err
}

// seedDefault is a seed whose four keys the hash of the peers deals evenly to two workers; most seeds
// do not, and then the bench of four keys has one worker wait for the other.
const seedDefault = 5

// shorten sets the figures of a quick run that the command line leaves open.
func (o *options) shorten(flags *flag.FlagSet) {
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["rounds"] {
		o.rounds = roundsQuick
	}
	if !given["messages"] {
		o.messages = messagesQuick
	}
}

// check rejects what cannot be run, and compiles the expression for systems.
func (o *options) check(systems string) (err error) {
	if o.rounds < 1 || o.messages < 1 || o.workers < 1 {
		return fmt.Errorf("-rounds, -messages and -workers must be at least 1")
	}
	if o.systems, err = regexp.Compile(systems); err != nil {
		return fmt.Errorf("-systems: %w", err)
	}
	return nil
}

// keyCounts is a flag that holds numbers of keys.
type keyCounts []int

// String implements flag.Value.
func (k *keyCounts) String() string {
	words := make([]string, len(*k))
	for i, count := range *k {
		words[i] = strconv.Itoa(count)
	}
	return strings.Join(words, ",")
}

// Set implements flag.Value.
func (k *keyCounts) Set(text string) error {
	*k = nil
	for _, word := range strings.Split(text, ",") {
		count, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		if count < 1 || count > workload.SymbolsMax {
			return fmt.Errorf("%d is not between 1 and %d", count, workload.SymbolsMax)
		}
		*k = append(*k, count)
	}
	return nil
}
