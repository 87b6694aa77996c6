package partitatest_test

import (
	"errors"
	"testing"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// deposit is an amount for an account.
type deposit struct{ account, amount int }

// Each deposit is told by mail, which fails now and then; a deposit that failed is sent again. The faulty
// program adds the amount before it mails: the state keeps what a failed call did to it, so the amount is
// added twice. The other program changes the state when nothing can fail any more.
var mailTwice = planted{
	name: "a computation that fails has changed its state",
	says: "the balance is",
	property: func(t testing.TB, seed uint64, faulty bool) {
		mails := 0
		mail := func() error {
			if mails++; mails == 4 {
				return errors.New("the mail server is down")
			}
			return nil
		}
		app := partita.NewApplication("bank")
		deposits := partita.NewSourceOf[deposit]()
		partita.ToStatePartition(partita.NewPipelineOf(app, "deposits", deposits),
			partita.PartitionOf[int, int]{Name: "accounts"},
			func(deposit deposit) int { return deposit.account },
			func(_ int, deposit deposit, balance *int, _ *partita.Emitter[partita.None]) (bool, error) {
				if faulty {
					*balance += deposit.amount
				}
				if err := mail(); err != nil {
					return false, err
				}
				if !faulty {
					*balance += deposit.amount
				}
				return true, nil
			}, partita.Skip()).Done()

		d := partitatest.New(t, seed, app)
		partitatest.Send(d, deposits, deposit{1, 10}, deposit{2, 20}, deposit{1, 30}, deposit{2, 40}, deposit{1, 50})
		d.Rest()
		for _, letter := range d.DeadLetters() {
			partitatest.Send(d, deposits, letter.Data.(deposit))
		}
		d.Rest()
		for account, expected := range map[int]int{1: 90, 2: 60} {
			if balance := *d.State("accounts", account).(*int); balance != expected {
				t.Errorf("the balance is %d: expected %d", balance, expected)
			}
		}
	},
}
