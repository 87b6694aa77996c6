package partita

// HostsHeld counts the objects behind the engine's callbacks, of all applications.
func HostsHeld() int { return hosts.held() }

// SlotsHeld counts the messages, states and tokens that a closed application still has places for.
func SlotsHeld(app *Application) int {
	engine := app.engine.Load()
	if engine == nil {
		return 0
	}
	held := engine.awaited.held()
	for _, stores := range []keepers{engine.messages, engine.states} {
		for _, store := range stores {
			held += store.held()
		}
	}
	for _, outlet := range engine.outlets {
		if queue, ok := outlet.(interface{ idleNumbers() int }); ok {
			held -= queue.idleNumbers()
		}
	}
	return held
}

// idleNumbers counts the free numbers of the queue's idle taps.
func (outlet *queueOutlet[T]) idleNumbers() (count int) {
	for _, tap := range outlet.idle {
		count += len(tap.cache.free)
	}
	return count
}

// StartWithoutWorkers starts an application none of whose workers ever comes.
func StartWithoutWorkers(app *Application) error {
	engine, err := app.assemble(nil)
	if err != nil {
		return err
	}
	if err := engine.start(); err != nil {
		return err
	}
	engine.workers = engine.workers[:1]
	app.engine.Store(engine)
	engine.open()
	return nil
}

// CallsWaiting counts the calls that wait to be sent.
func CallsWaiting[In, Out any](callers *CallersOf[In, Out]) int {
	side := callers.side.Load()
	side.lock.Lock()
	defer side.lock.Unlock()
	return len(side.waiting)
}

// HandlesHeld counts the engine's handles that are alive, of the whole process; none must be made or freed
// meanwhile. The engine takes up new places only when no old one is free.
func HandlesHeld() int {
	// More than are ever free at once: then the places are all taken.
	const probes = 4096
	probe := new(waiter)
	highest := 0
	for range probes {
		cancel, _ := probe.take()
		highest = max(highest, int(uint32(cancel.id)))
		defer probe.giveBack(cancel, true)
	}
	return highest + 1 - probes
}
