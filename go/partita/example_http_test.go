package partita_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/partita-stream/partita/go/partita"
)

// vote answers a request with what a ballot comes to.
func vote(answers *partita.CallersOf[Ballot, string]) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		letter := []rune(request.PathValue("letter"))
		answer, err := answers.Call(request.Context(), Ballot{letter[0], 1})
		switch {
		case errors.Is(err, partita.ErrStopped), errors.Is(err, partita.ErrClosed):
			http.Error(response, "we are closing", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(response, "your vote could not be counted", http.StatusInternalServerError)
		default:
			fmt.Fprintln(response, answer)
		}
	}
}

// A server calls the application from its handlers, of which very many may run at once.
func ExampleCallersOf_Call_http() {
	ballots := partita.NewSourceOf[Ballot]()
	app := partita.NewApplication("alphabet")
	answers := partita.NewCallersOf[Ballot, string]("answers", ballots)
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "ballots", ballots), tallies, byLetter, addVotes).ToSink(answers)
	check(app.Start())
	defer app.Close(context.Background())

	handlers := http.NewServeMux()
	handlers.HandleFunc("POST /votes/{letter}", vote(answers))
	server := httptest.NewServer(handlers)
	defer server.Close()

	for _, letter := range []string{"a", "b", "a"} {
		response, err := http.Post(server.URL+"/votes/"+letter, "text/plain", nil)
		check(err)
		text, err := io.ReadAll(response.Body)
		check(errors.Join(err, response.Body.Close()))
		fmt.Print(string(text))
	}
	// Output:
	// a has 1
	// b has 1
	// a has 2
}
