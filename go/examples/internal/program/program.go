// Package program is what the examples that run between sockets have in common: their flags, and running
// until they are interrupted.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/partita-stream/partita/go/partita"
)

// In is where programs with one source listen.
const In = "127.0.0.1:7010"

// The exit statuses.
const (
	exitUsage  = 2
	exitFailed = 3
)

// Flags are what the flags say.
type Flags struct {
	// In is where to listen, and Out where to connect to.
	In, Out string
	// Workers is how many workers run the application; 0 is the default of Partita.
	Workers int
}

// Listener is a source that listens.
type Listener interface{ Addr() string }

// Declare declares what an application does between sockets, and tells its sources.
type Declare func(app *partita.Application, flags Flags) ([]Listener, error)

// Main is the program, which listens at in unless a flag says otherwise. It returns when it is interrupted:
// then what came in has gone out.
func Main(name, in string, declare Declare) {
	var flags Flags
	flag.StringVar(&flags.In, "in", in, "listen on `HOST:PORT`")
	flag.StringVar(&flags.Out, "out", "127.0.0.1:7002", "connect to `HOST:PORT`")
	flag.IntVar(&flags.Workers, "workers", 0, "run with `N` workers; 0 is the default of Partita")
	flag.Parse()
	if flag.NArg() > 0 || flags.Workers < 0 {
		fmt.Fprintf(flag.CommandLine.Output(), "%s: expected flags only, and 0 workers or more\n", name)
		flag.Usage()
		os.Exit(exitUsage)
	}
	if err := run(name, flags, declare); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(exitFailed)
	}
}

func run(name string, flags Flags, declare Declare) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	app := New(name, flags.Workers, partita.Logger(log), partita.DeadLetters(func(letter partita.DeadLetter) {
		log.Warn("dead letter", "at", letter.Path, "reason", letter.Reason, "key", letter.Key, "text", letter.Text)
	}))
	sources, err := declare(app, flags)
	if err != nil {
		return err
	}
	if err := app.Start(); err != nil {
		return err
	}
	for _, source := range sources {
		fmt.Fprintf(os.Stderr, "%s: listening on %s\n", name, source.Addr())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = app.Run(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// New makes an application with this many workers.
func New(name string, workers int, options ...partita.Option) *partita.Application {
	if workers > 0 {
		options = append(options, partita.Workers(workers))
	}
	return partita.NewApplication(name, options...)
}
