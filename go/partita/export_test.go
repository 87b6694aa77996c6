package partita

// HostsHeld counts the objects behind the engine's callbacks, of all applications.
func HostsHeld() int { return hosts.held() }

// SlotsHeld counts the messages and states that a closed application still has places for.
func SlotsHeld(app *Application) int {
	engine := app.engine.Load()
	if engine == nil {
		return 0
	}
	held := engine.messages.held() + engine.states.held()
	for _, outlet := range engine.outlets {
		if queue, ok := outlet.(*queueOutlet); ok {
			for _, tap := range queue.idle {
				held -= len(tap.cache.free)
			}
		}
	}
	return held
}

// StartWithoutWorkers starts an application none of whose workers ever comes.
func StartWithoutWorkers(app *Application) error {
	engine, err := app.assemble()
	if err != nil {
		return err
	}
	engine.workers = nil
	if err := engine.start(); err != nil {
		return err
	}
	app.engine.Store(engine)
	engine.open()
	return nil
}
