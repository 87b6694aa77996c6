package partita

import (
	"context"
	"log/slog"
)

// Application is what a program declares, starts, feeds and stops. It owns everything else.
//
// Declare it from one goroutine. Once started, its methods may be called from any goroutine.
type Application struct{}

// Option sets something about an application.
type Option func(*Application)

// Workers sets how many workers run the application. The default is GOMAXPROCS; more is rarely
// faster.
func Workers(n int) Option { panic(notYet) }

// KeyGroups sets how many classes the keys of each partition are sorted into. The default is
// 4,096, the most 65,536.
func KeyGroups(n int) Option { panic(notYet) }

// DeadLetters sets the function that gets every message that could not be processed. It is called
// on a worker, by one goroutine at a time. Without it dead letters are only counted.
func DeadLetters(handle func(DeadLetter)) Option { panic(notYet) }

// Logger sets where the application logs: a failure, and each worker replaced. Without it nothing is logged.
func Logger(logger *slog.Logger) Option { panic(notYet) }

// NewApplication makes an application. Mistakes in what follows are found by [Application.Check]
// and [Application.Start].
func NewApplication(name string, options ...Option) *Application { panic(notYet) }

// NewPipeline declares a pipeline that is fed by source. Each source feeds one pipeline.
func (app *Application) NewPipeline(name string, source *Source) *Pipeline { panic(notYet) }

// Check tells every mistake in the declaration at once, each with its path. The error is
// [ErrInvalidTopology].
func (app *Application) Check() error { panic(notYet) }

// Start checks the declaration, and starts the workers. Until then nothing runs.
func (app *Application) Start() error { panic(notYet) }

// Stop ends intake: every Send from now on, also one that waits, returns [ErrStopped]. What was
// sent before is still processed. It may be called anywhere, also in Compute.
func (app *Application) Stop() error { panic(notYet) }

// Wait returns when the application has failed, with the failure ([ErrFailed]); or was stopped and
// has nothing left in flight, with nil; or ctx ends, with its error.
func (app *Application) Wait(ctx context.Context) error { panic(notYet) }

// Drain waits until nothing is in flight: all that was sent is computed and delivered, queued
// outputs are read. Sending stays open. It returns nil, the failure, or the error of ctx with what
// it was waiting for, as in `sink "out" has 12 unread messages`.
func (app *Application) Drain(ctx context.Context) error { panic(notYet) }

// Close ends the application: it waits for calls of user code that run, drops and counts what is
// queued, and frees everything. Drain before it if nothing is to be dropped. If ctx ends first, its
// error is returned, nothing is freed, and Close can be called again. Closing what is closed
// returns nil.
func (app *Application) Close(ctx context.Context) error { panic(notYet) }

// Run starts the application and waits until it was stopped, has failed, or ctx has ended; then it
// ends intake, drains what is in flight, closes, and returns the first failure. The end of ctx is
// no failure.
func (app *Application) Run(ctx context.Context) error { panic(notYet) }

// Parts visits every state of a partition, in no particular order, until visit returns false. The
// states may be read and changed. Messages must not be in flight ([ErrBusy]): drain first; while
// Parts runs, sending waits. The key of a single state has kind [NoKey].
func (app *Application) Parts(partition string, visit func(key Key, state interface{}) bool) error {
	panic(notYet)
}

// Metrics reads the counters. It may be called at any time after Start, also after Close.
func (app *Application) Metrics() Metrics { panic(notYet) }
