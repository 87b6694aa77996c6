package partita_test

import (
	"context"
	"fmt"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// Account is what is known of a customer: the balance, which a slow service keeps, too.
type Account struct{ Balance int }

// Payment is a message.
type Payment struct {
	Customer string
	Amount   int
}

// pay asks the service, which takes a while, before it books a payment.
func pay(customer string, payment Payment, account *Account, out *partita.Emitter[string]) (bool, error) {
	time.Sleep(time.Millisecond) // stands for a call to the service
	account.Balance += payment.Amount
	return true, nil
}

// Payments of 16 customers are booked at once, each customer's in order; whatever else the application
// does is not held up.
func ExampleBlocking() {
	accounts := partita.PartitionOf[string, Account]{Name: "accounts"}
	payments := partita.NewSourceOf[Payment]()
	app := partita.NewApplication("bank")
	partita.ToStatePartition(partita.NewPipelineOf(app, "payments", payments), accounts,
		func(payment Payment) string { return payment.Customer }, pay, partita.Blocking(16)).Done()

	ctx := context.Background()
	if err := app.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Close(ctx)
	for n := range 300 {
		payment := Payment{Customer: []string{"Ada", "Bob", "Cem"}[n%3], Amount: n}
		if err := payments.Send(ctx, payment); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := app.Drain(ctx); err != nil {
		fmt.Println(err)
		return
	}
	err := accounts.Parts(app, func(customer string, account *Account) bool {
		fmt.Println(customer, account.Balance)
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Unordered output:
	// Ada 14850
	// Bob 14950
	// Cem 15050
}
