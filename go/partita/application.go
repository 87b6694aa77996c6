package partita

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Application is what a program declares, starts, feeds and stops. It owns everything else.
//
// Declare it from one goroutine. Once started, its methods may be called from any goroutine.
type Application struct {
	name    string
	workers int
	// workersGiven says that workers is not the default.
	workersGiven bool
	keyGroups    int
	deadLetters  func(DeadLetter)
	logger       *slog.Logger
	// drainTimeout is how long Run drains, or 0.
	drainTimeout time.Duration
	// nilOption says that one of the options is nil.
	nilOption bool

	// lock guards the declaration, and the steps from one stage of life to the next.
	lock      sync.Mutex
	pipelines []*Pipeline
	late      []Mistake
	// over says that the application was closed without having been started.
	over   atomic.Bool
	engine atomic.Pointer[engine]
}

// Option sets something about an application.
type Option func(*Application)

// Workers sets how many workers run the application. The default is GOMAXPROCS; more is rarely
// faster.
func Workers(n int) Option {
	return func(app *Application) { app.workers, app.workersGiven = n, true }
}

// KeyGroups sets how many classes the keys of each partition are sorted into. The default is
// 4,096, the least 2, the most 65,536.
func KeyGroups(n int) Option { return func(app *Application) { app.keyGroups = n } }

// keyGroupsDefault is the default of [KeyGroups].
const keyGroupsDefault = 4096

// DeadLetters sets the function that gets every message that could not be processed, also the one
// that made the application fail. It is called on a worker, by one goroutine at a time. If it fails
// itself, the application fails. Without it dead letters are only counted.
func DeadLetters(handle func(DeadLetter)) Option {
	return func(app *Application) { app.deadLetters = handle }
}

// Logger sets where the application logs. Without it nothing is logged, and nothing is ever printed. These are
// logged: a failure as an error; a worker replaced, and what goes wrong at sockets, as a warning; and what
// happens at sockets besides as information. It is no more than ten lines a second of workers, and ten of
// sockets; left_out in the next one is how many were left out. A handler that panics, or ends its goroutine, harms
// nothing but its line. Close waits for what is being logged: the handler must not call it.
func Logger(logger *slog.Logger) Option { return func(app *Application) { app.logger = logger } }

// DrainTimeout sets how long [Application.Run] drains at the end. What is in flight then is dropped
// and counted, and Run returns [context.DeadlineExceeded] with what it was waiting for. Without it,
// and with 0, Run drains for as long as it takes.
func DrainTimeout(timeout time.Duration) Option {
	return func(app *Application) { app.drainTimeout = timeout }
}

// NewApplication makes an application. Mistakes in what follows are found by [Application.Check]
// and [Application.Start].
func NewApplication(name string, options ...Option) *Application {
	app := &Application{name: name, workers: runtime.GOMAXPROCS(0), keyGroups: keyGroupsDefault}
	app.nilOption = apply(app, options)
	return app
}

// NewPipeline declares a pipeline that is fed by source. Each source feeds one pipeline.
func (app *Application) NewPipeline(name string, source *Source) *Pipeline {
	return newPipeline(app, name, source)
}

// newPipeline declares a pipeline that is fed by a source of messages of a type.
func newPipeline[T any](app *Application, name string, source *SourceOf[T]) *Pipeline {
	missing := source == nil
	if missing {
		source = NewSourceOf[T]()
	}
	pipeline := &Pipeline{app: app, name: name, source: source, missing: missing}
	app.declare(pipeline.path(), func() {
		app.pipelines = append(app.pipelines, pipeline)
		source.claim(pipeline)
	})
	return pipeline
}

// declare makes a change to the declaration; after the start it is a mistake.
func (app *Application) declare(path string, change func()) {
	app.lock.Lock()
	defer app.lock.Unlock()
	if app.engine.Load() != nil {
		app.late = append(app.late, Mistake{Path: path, Message: "declared after the start"})
		return
	}
	change()
}

// Check tells every mistake in the declaration at once, each with its path. The error is
// [ErrInvalidTopology], or [ErrAlreadyStarted] if something was declared after the start.
func (app *Application) Check() error {
	app.lock.Lock()
	defer app.lock.Unlock()
	if app.engine.Load() != nil {
		return app.tooLate()
	}
	engine, err := app.assemble(nil)
	if err != nil {
		return err
	}
	engine.discard()
	return nil
}

// tooLate is the error if something was declared after the start.
func (app *Application) tooLate() error {
	if len(app.late) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", app.late[0].Path, ErrAlreadyStarted)
}

// Start checks the declaration, and starts the workers. Until then nothing runs.
func (app *Application) Start() error { return app.start(nil) }

// start is Start; with a stepper, no workers start.
func (app *Application) start(stepper *stepper) error {
	app.lock.Lock()
	defer app.lock.Unlock()
	if app.over.Load() {
		return fmt.Errorf("%s: %w", app.path(), ErrClosed)
	}
	if engine := app.engine.Load(); engine != nil {
		if engine.isClosed() {
			return fmt.Errorf("%s: %w", app.path(), ErrClosed)
		}
		return fmt.Errorf("%s: %w", app.path(), ErrAlreadyStarted)
	}
	engine, err := app.assemble(stepper)
	if err != nil {
		return err
	}
	if err := engine.start(); err != nil {
		engine.discard()
		return err
	}
	// User code that runs from now on finds a started application.
	app.engine.Store(engine)
	engine.open()
	return nil
}

// started is the engine, once the application has started.
func (app *Application) started() (*engine, error) {
	if engine := app.engine.Load(); engine != nil {
		return engine, nil
	}
	if app.over.Load() {
		return nil, fmt.Errorf("%s: %w", app.path(), ErrClosed)
	}
	return nil, fmt.Errorf("%s: %w", app.path(), ErrNotStarted)
}

// Stop ends intake: every Send from now on, also one that waits, returns [ErrStopped]. What was
// sent before is still processed; what a [BufferedSender] has not handed on is not: flush it before, or
// drain. It may be called anywhere, also in Compute.
func (app *Application) Stop() error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	return engine.stop()
}

// Wait returns when the application has failed, with the failure ([ErrFailed]); or was stopped and
// has nothing left in flight, with nil; or is closed, with [ErrClosed]; or ctx ends, with its error.
func (app *Application) Wait(ctx context.Context) error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	return engine.wait(ctx)
}

// Drain waits until nothing is in flight: all that was sent is computed and delivered, queued
// outputs are read. Sending stays open. It returns nil, the failure, [ErrClosed], or the error of ctx
// with what it was waiting for, as in `sink "out" has 12 unread messages`.
func (app *Application) Drain(ctx context.Context) error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	if err := app.flush(ctx); err != nil {
		return err
	}
	return engine.drain(ctx)
}

// flush hands on what is in buffers.
func (app *Application) flush(ctx context.Context) error {
	if ctx == nil {
		return nil
	}
	for _, pipeline := range app.pipelines {
		if err := pipeline.source.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the application: it waits for calls of user code that run, drops and counts what is
// queued, and frees everything. Drain before it if nothing is to be dropped, or to stay in a
// [BufferedSender]. If ctx ends first, its
// error is returned and nothing is freed, but the application is closing from then on: sending,
// Wait and Drain return [ErrClosed], and what is queued is dropped. Close can be called again, to
// wait for the end. Closing what is closed returns nil. It also waits for calls of
// [Application.Parts]: their visit must not call it.
func (app *Application) Close(ctx context.Context) error {
	app.lock.Lock()
	engine := app.engine.Load()
	if engine == nil && !app.over.Swap(true) {
		app.closeUnused()
	}
	app.lock.Unlock()
	if engine == nil {
		return nil
	}
	return engine.close(ctx)
}

// closeUnused tells those who read from an application that never ran.
func (app *Application) closeUnused() {
	for _, pipeline := range app.pipelines {
		for _, sink := range pipeline.sinks() {
			sink.abandon()
		}
	}
}

// Run starts the application, unless it was started, and waits until it was stopped, has failed, or
// ctx has ended; then it ends intake, drains what is in flight, closes, and returns the first
// failure. The end of ctx is no failure, nor is that somebody else closes the application.
//
// To drain takes until all queue and channel sinks are read: whoever reads them must go on until
// [QueueSinkOf.All] or the channel ends. [DrainTimeout] sets a limit. In user code of the application it
// answers [ErrWouldDeadlock], and ends nothing.
func (app *Application) Run(ctx context.Context) error {
	if ctx == nil {
		return noContext(app.path())
	}
	if app.engine.Load() == nil {
		if err := app.Start(); err != nil {
			return err
		}
	}
	if app.engine.Load().inside() {
		return wouldDeadlock(app.path())
	}
	err := app.Wait(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	rest := context.WithoutCancel(ctx)
	for _, end := range []func(context.Context) error{
		app.flushInTime, func(context.Context) error { return app.Stop() }, app.drainInTime, app.Close,
	} {
		if failed := end(rest); err == nil {
			err = failed
		}
	}
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// flushInTime hands on what is in buffers; what has no room by then, they tell themselves.
func (app *Application) flushInTime(ctx context.Context) error {
	ctx, done := app.inTime(ctx)
	defer done()
	_ = app.flush(ctx)
	return nil
}

// drainInTime drains for as long as the application allows.
func (app *Application) drainInTime(ctx context.Context) error {
	ctx, done := app.inTime(ctx)
	defer done()
	return app.Drain(ctx)
}

// inTime limits a context to the time to drain.
func (app *Application) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if app.drainTimeout > 0 {
		return context.WithTimeout(ctx, app.drainTimeout)
	}
	return ctx, func() {}
}

// Parts visits every state of a partition, in no particular order, until visit returns false. The
// states may be read and changed. Messages must not be in flight ([ErrBusy]): drain first; while
// Parts runs, sending waits, and so does Close: visit must do neither. The key of a single state has
// kind [NoKey].
func (app *Application) Parts(partition string, visit func(key Key, state interface{}) bool) error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	return engine.visit(partition, visit)
}

// Quarantined lists the keys of a partition that are in quarantine now, in ascending order; see
// [Quarantine]. It may be called at any time until Close, also in user code. The key of a single state
// has kind [NoKey].
func (app *Application) Quarantined(partition string) ([]Key, error) {
	engine, err := app.started()
	if err != nil {
		return nil, err
	}
	return engine.quarantined(partition)
}

// Release releases a key from quarantine: its messages are computed again from here on, with the state
// as it is. [ErrNotFound] says that there is no such partition, or that the key is not in quarantine. It
// may be called at any time until Close, also in user code.
func (app *Application) Release(partition string, key Key) error {
	engine, err := app.started()
	if err != nil {
		return err
	}
	return engine.release(partition, key)
}

// Metrics reads the counters. It may be called at any time after Start, also after Close; before
// Start they are zero.
func (app *Application) Metrics() Metrics {
	engine := app.engine.Load()
	if engine == nil {
		return Metrics{}
	}
	return engine.metrics()
}

// path names the application.
func (app *Application) path() string { return `application "` + app.name + `"` }
