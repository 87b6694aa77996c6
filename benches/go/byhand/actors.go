package byhand

import (
	"io"
	"log/slog"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/partita-stream/partita/benches/go/keyed"
)

// mailboxSize is the number of messages that wait in an actor's mailbox at most.
const mailboxSize = 4096

// Actors sends one message at a time to actors of protoactor-go, as many as workers, each with a map. An actor for
// each key would hold a goroutine's worth of memory for it, and be slower. A mailbox is bounded: who sends waits.
type Actors struct{}

// Name implements keyed.System.
func (Actors) Name() string { return "actors" }

// Open implements keyed.System.
func (Actors) Open(job *keyed.Job) (keyed.Runner, error) {
	quiet := func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
	actors := &actors{job: job, system: actor.NewActorSystem(actor.WithLoggerFactory(quiet))}
	for range job.Workers {
		table := newTable(job.Kind)
		props := actor.PropsFromFunc(func(context actor.Context) { actors.receive(context, table) },
			actor.WithMailbox(actor.Bounded(mailboxSize)))
		actors.tables = append(actors.tables, table)
		actors.pids = append(actors.pids, actors.system.Root.Spawn(props))
	}
	return actors, nil
}

type actors struct {
	job    *keyed.Job
	system *actor.ActorSystem
	pids   []*actor.PID
	tables []*table
	empty  sync.WaitGroup
}

// tellEmpty asks an actor to tell when all before it is done.
type tellEmpty struct{}

func (actors *actors) receive(context actor.Context, table *table) {
	switch message := context.Message().(type) {
	case *keyed.Message:
		actors.job.Compute(message, table.state(actors.job.Partition(message), message))
	case tellEmpty:
		actors.empty.Done()
	}
}

func (actors *actors) Feed(input *keyed.Input) error {
	each(input.Messages, func(_ int, messages []*keyed.Message) {
		for _, message := range messages {
			actors.system.Root.Send(actors.pids[place(actors.job.Partition(message), len(actors.pids))], message)
		}
	})
	actors.empty.Add(len(actors.pids))
	for _, pid := range actors.pids {
		actors.system.Root.Send(pid, tellEmpty{})
	}
	actors.empty.Wait()
	return nil
}

func (actors *actors) States(visit func(step int, key uint64, state *keyed.State)) error {
	for _, table := range actors.tables {
		table.visit(0, visit)
	}
	return nil
}

func (actors *actors) Outputs() keyed.Tally { return keyed.Tally{} }

func (actors *actors) Close() error {
	for _, pid := range actors.pids {
		if err := actors.system.Root.StopFuture(pid).Wait(); err != nil {
			return err
		}
	}
	actors.system.Shutdown()
	return nil
}
