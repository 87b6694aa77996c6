// Package partitatest tests programs that use Partita, in one order of events after the other.
//
// A [Driver] runs an application on the goroutine of the test: no worker starts, and nothing happens but
// by the driver's methods. What runs next, and how many messages of it together, is decided by a seed: the
// same seed gives the same order each time, another gives another. [Explore] runs a test over many seeds,
// and tells the first with which it fails:
//
//	func TestTotals(t *testing.T) {
//		partitatest.Explore(t, 1000, func(t testing.TB, seed uint64) {
//			app, orders, totals := newShop() // the program under test
//			d := partitatest.New(t, seed, app)
//			d.Send(orders, order{"pears", 2}, order{"apples", 3}, order{"pears", 5})
//			d.Rest()
//			if got := len(d.Outputs(totals)); got != 3 {
//				t.Errorf("%d totals came out: expected 3", got)
//			}
//		})
//	}
//
// A seed that fails is run again, alone, with PARTITA_SEED=17 in the environment; PARTITA_SEEDS=100000
// runs more of them.
//
// # What is as it is, and what is not
//
// All that [partita] promises holds, and nothing more: messages of one key from one sender stay in order,
// and no two computations of one key run at once. What it does not promise is what seeds vary: the order
// of messages of different keys, how many come together, when a sink gets what, which pipeline is ahead.
// Unless [partita.Workers] says another number, work is cut up as it is for 16 workers, on every machine.
//
// What a program itself leaves to chance is not the seed's: the order of a map, the system's clock, its own
// goroutines. Computations run one at a time: this finds wrong assumptions about order, not data races. Run the race
// detector over tests with [partita.Application.Start] for those.
//
// Code of the application, and the test's own, may call FailNow; a panic in a computation follows the
// step's policy. Calls that wait, such as [partita.SourceOf.Send] and [partita.Application.Drain], run the
// application meanwhile. When nothing is left to run, they return [partita.ErrWouldBlock], with what they
// wait for. Time stands still but for [Driver.Advance], and calls that wait for a timer.
//
// Queues and channels are read by the driver, at once: see [Driver.Outputs]. Nothing is sent into the
// channel itself, which is closed at the end.
package partitatest
