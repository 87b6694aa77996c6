package partita_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/partita-stream/partita/go/partita"
)

// Vote is a message of the examples.
type Vote struct {
	Letter byte
	Count  int
}

// Total is the state of one letter.
type Total struct{ Votes int }

// AddVotes is the computation: it adds a vote to the total of its letter, and emits the total.
type AddVotes struct{}

func (AddVotes) Compute(data interface{}, state interface{}) (interface{}, bool) {
	vote, total := data.(*Vote), state.(*Total)
	total.Votes += vote.Count
	return fmt.Sprintf("%c %d", vote.Letter, total.Votes), true
}

// ByLetter is the partition function.
type ByLetter struct{}

func (ByLetter) Partition(data interface{}) uint64 { return uint64(data.(*Vote).Letter) }

// NewTotal builds the state of a letter.
var NewTotal = partita.Build(func() interface{} { return new(Total) })

// Votes are counted by letter; the states are read at the end.
func Example() {
	ctx := context.Background()
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		Done()
	check(app.Start())
	for _, letter := range "abracadabra" {
		check(votes.Send(ctx, &Vote{byte(letter), 1}))
	}
	check(app.Drain(ctx))
	totals := make(map[string]int)
	check(app.Parts("totals", func(key partita.Key, state interface{}) bool {
		totals[string(rune(key.Number))] = state.(*Total).Votes
		return true
	}))
	check(app.Close(ctx))
	fmt.Println(totals)
	// Output: map[a:5 b:2 c:1 d:1 r:2]
}

// Run does all but the feeding. Stop, a failure, or the end of the context ends it.
func ExampleApplication_Run() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.Workers(2))
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		ToSink(partita.NewSinkFunc("print", func(batch []interface{}) error {
			for _, total := range batch {
				fmt.Println(total)
			}
			return nil
		}))
	check(app.Start())
	go func() {
		_, err := votes.SendBatch(context.Background(), []interface{}{&Vote{'a', 1}, &Vote{'a', 2}})
		check(err)
		check(app.Stop())
	}()
	check(app.Run(context.Background()))
	// Output:
	// a 1
	// a 3
}

// An application says where it is, how far it came, and what it still holds.
func ExampleApplication() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet",
		partita.Workers(2),
		partita.KeyGroups(256),
		partita.Logger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	app.NewPipeline("votes", votes).ToStateful(AddVotes{}, NewTotal, "total").Done()
	fmt.Println(votes.TrySend(&Vote{'a', 1}))
	fmt.Println(app.Check(), app.Start(), app.Stop(), app.Close(context.Background()))
	fmt.Println(votes.TrySend(&Vote{'a', 1}))
	// Output:
	// application "alphabet" / pipeline "votes" / source: application not started
	// <nil> <nil> <nil> <nil>
	// application "alphabet" / pipeline "votes" / source: application closed
}

// A pipeline may go from one key to another: here from letters to the parity of their totals.
func ExamplePipeline() {
	ctx := context.Background()
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		ToStatePartitionString(Remember{}, partita.Build(func() interface{} { return new(Texts) }),
			"last", ByLastDigit{}, nil).
		Done()
	check(app.Start())
	for _, letter := range "abba" {
		check(votes.Send(ctx, &Vote{byte(letter), 7}))
	}
	check(app.Drain(ctx))
	var lines []string
	check(app.Parts("last", func(key partita.Key, state interface{}) bool {
		sort.Strings(*state.(*Texts))
		lines = append(lines, key.Text+": "+strings.Join(*state.(*Texts), ", "))
		return true
	}))
	check(app.Close(ctx))
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
	// Output:
	// 4: a 14, b 14
	// 7: a 7, b 7
}

// Texts is the state of the second step.
type Texts []string

// Remember keeps each message in its state.
type Remember struct{}

func (Remember) Compute(data interface{}, state interface{}) (interface{}, bool) {
	texts := state.(*Texts)
	*texts = append(*texts, data.(string))
	return nil, true
}

// ByLastDigit gives keys that are strings.
type ByLastDigit struct{}

func (ByLastDigit) Partition(data interface{}) string {
	text := data.(string)
	return text[len(text)-1:]
}

// A source waits while its credits are used up, or says that it would.
func ExampleSource() {
	votes := partita.NewSource(partita.Credits(1))
	app := partita.NewApplication("alphabet")
	counted := make(chan bool)
	app.NewPipeline("votes", votes).
		ToStateful(Slow{counted}, NewTotal, "total").
		Done()
	check(app.Start())
	fmt.Println(votes.TrySend(&Vote{'a', 1}))
	fmt.Println(errors.Is(votes.TrySend(&Vote{'b', 1}), partita.ErrWouldBlock))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	fmt.Println(errors.Is(votes.Send(ctx, &Vote{'b', 1}), context.DeadlineExceeded))
	close(counted)
	fmt.Println(votes.Send(context.Background(), &Vote{'b', 1}))
	check(app.Close(context.Background()))
	// Output:
	// <nil>
	// true
	// true
	// <nil>
}

// Slow is a computation that waits.
type Slow struct{ until chan bool }

func (slow Slow) Compute(interface{}, interface{}) (interface{}, bool) {
	<-slow.until
	return nil, false
}

// A sink function gets batches. If it cannot take a message, it says which.
func ExampleNewSinkFunc() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Printf("%v: %s\n", letter.Data, letter.Text)
	}))
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		ToSink(partita.NewSinkFunc("print", func(batch []interface{}) error {
			for i, total := range batch {
				if total == "a 13" {
					return &partita.SinkError{Taken: i, Err: errors.New("13 is not printed")}
				}
				fmt.Println(total)
			}
			return nil
		}), partita.Skip())
	check(app.Start())
	for _, count := range []int{12, 1, 1} {
		check(votes.Send(context.Background(), &Vote{'a', count}))
	}
	check(app.Drain(context.Background()))
	check(app.Close(context.Background()))
	// Unordered output:
	// a 12
	// a 13: sink "print": 13 is not printed
	// a 14
}

// A sink error wraps its reason.
func ExampleSinkError() {
	err := &partita.SinkError{Taken: 3, Err: os.ErrDeadlineExceeded}
	fmt.Println(err, errors.Is(err, os.ErrDeadlineExceeded))
	// Output: i/o timeout true
}

// A channel sink closes its channel when no more outputs can come.
func ExampleNewChannelSink() {
	votes, totals := partita.NewSource(), make(chan interface{})
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		ToSink(partita.NewChannelSink("totals", totals))
	check(app.Start())
	check(votes.Send(context.Background(), &Vote{'a', 1}))
	check(votes.Send(context.Background(), &Vote{'a', 1}))
	check(app.Stop())
	for total := range totals {
		fmt.Println(total)
	}
	check(app.Close(context.Background()))
	// Output:
	// a 1
	// a 2
}

// A queue sink is read with a loop, or polled.
func ExampleQueueSink() {
	ctx := context.Background()
	votes, totals := partita.NewSource(), partita.NewQueueSink("totals", 100)
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		ToSink(totals)
	check(app.Start())
	check(votes.Send(ctx, &Vote{'a', 1}))
	batch := make([]interface{}, 10)
	count, err := totals.Poll(ctx, batch)
	fmt.Println(batch[:count], err)
	check(votes.Send(ctx, &Vote{'a', 1}))
	check(app.Stop())
	for total := range totals.All(ctx) {
		fmt.Println(total)
	}
	_, err = totals.TryPoll(batch)
	fmt.Println(errors.Is(err, partita.ErrStopped))
	check(app.Close(ctx))
	// Output:
	// [a 1] <nil>
	// a 2
	// true
}

// A message that the application cannot process is not lost.
func ExampleDeadLetter() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Printf("%s\n%s, key %s: %d votes\n", letter.Path, letter.Reason, letter.Key, letter.Data.(*Vote).Count)
	}))
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, []uint64{'a', 'b'}).
		Done()
	check(app.Start())
	check(votes.Send(context.Background(), &Vote{'c', 7}))
	check(app.Drain(context.Background()))
	check(app.Close(context.Background()))
	// Output:
	// application "alphabet" / pipeline "votes" / step 1 "AddVotes"
	// unknown key, key 99: 7 votes
}

// A message that fails is tried again; those of its key wait behind it.
func ExampleRetry() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	failures := 0
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, nil).
		ToSink(partita.NewSinkFunc("print", func(batch []interface{}) error {
			if failures < 2 {
				failures++
				return errors.New("the printer is busy")
			}
			for _, total := range batch {
				fmt.Println(total)
			}
			return nil
		}), partita.Retry(5, time.Millisecond))
	run(app, votes, &Vote{'a', 12}, &Vote{'a', 1})
	fmt.Println(failures, "failures")
	// Output:
	// a 12
	// a 13
	// 2 failures
}

// The state of a key on which a message failed is built anew.
func ExampleReset() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println("a dead letter:", letter.Data)
	}))
	app.NewPipeline("votes", votes).
		ToStatePartition(CheckVotes{}, NewTotal, "totals", ByFirstLetter{}, nil, partita.Reset()).
		ToSink(printer())
	check(app.Start())
	for _, message := range []interface{}{&Vote{'a', 5}, "apple", &Vote{'a', 1}} {
		check(votes.Send(context.Background(), message))
		check(app.Drain(context.Background()))
	}
	check(app.Close(context.Background()))
	// Output:
	// a 5
	// a dead letter: apple
	// a 1
}

// The key of a message that failed is set aside, until somebody has looked at its state.
func ExampleQuarantine() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Printf("a message of key %s: %s\n", letter.Key, letter.Reason)
	}))
	app.NewPipeline("votes", votes).
		ToStatePartition(CheckVotes{}, NewTotal, "totals", ByFirstLetter{}, nil, partita.Quarantine()).
		ToSink(printer())
	check(app.Start())
	send := func(message interface{}) {
		check(votes.Send(context.Background(), message))
		check(app.Drain(context.Background()))
	}
	send("apple")
	send(&Vote{'a', 1})
	send(&Vote{'b', 1})
	keys, err := app.Quarantined("totals")
	fmt.Println(keys, err)
	check(app.Release("totals", keys[0]))
	send(&Vote{'a', 1})
	check(app.Close(context.Background()))
	// Output:
	// a message of key 97: computation failed
	// a message of key 97: key in quarantine
	// b 1
	// [97] <nil>
	// a 1
}

// ByFirstLetter is ByLetter that also knows words.
type ByFirstLetter struct{ ByLetter }

func (byLetter ByFirstLetter) Partition(data interface{}) uint64 {
	if word, is := data.(string); is {
		return uint64(word[0])
	}
	return byLetter.ByLetter.Partition(data)
}

// Every mistake in a declaration is told at once.
func ExampleTopologyError() {
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", partita.NewSource(partita.Credits(0))).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, []uint64{'a', 'b', 'a'})
	err := app.Check()
	fmt.Println(errors.Is(err, partita.ErrInvalidTopology))
	var topology *partita.TopologyError
	if errors.As(err, &topology) {
		for _, mistake := range topology.Mistakes {
			fmt.Printf("%s:\n\t%s\n", mistake.Path, mistake.Message)
		}
	}
	// Output:
	// true
	// application "alphabet" / pipeline "votes" / source:
	// 	credits: expected 1 or more, got 0
	// application "alphabet" / partition "totals":
	// 	key 97 is declared twice: expected once
	// application "alphabet" / pipeline "votes":
	// 	it is never ended: expected a sink, or done
}

// Metrics count what became of the messages, in all and at each stage.
func ExampleMetrics() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, []uint64{'a'}).
		Done()
	check(app.Start())
	for _, letter := range "abracadabra" {
		check(votes.Send(context.Background(), &Vote{byte(letter), 1}))
	}
	check(app.Drain(context.Background()))
	check(app.Close(context.Background()))
	metrics := app.Metrics()
	fmt.Println(metrics.Sent, metrics.Computed, metrics.Discarded, metrics.Dead[partita.DeadUnknownKey])
	for _, stage := range metrics.Stages {
		fmt.Println(stage.Path, stage.Completed)
	}
	// Output:
	// 11 5 5 6
	// application "alphabet" / pipeline "votes" / source 11
	// application "alphabet" / pipeline "votes" / step 1 "AddVotes" 5
}

// A key is a number, a text, or none.
func ExampleKey() {
	for _, key := range []partita.Key{
		{Kind: partita.NumberKey, Number: 42},
		{Kind: partita.TextKey, Text: "AAPL"},
		{Kind: partita.NoKey},
	} {
		fmt.Printf("%q\n", key)
	}
	// Output:
	// "42"
	// "AAPL"
	// ""
}

// A computation with any number of outputs.
func ExampleStateComputationMulti() {
	words, letters := partita.NewSource(), partita.NewQueueSink("letters", 0)
	app := partita.NewApplication("letters")
	app.NewPipeline("words", words).
		ToStatefulMulti(Split{}, partita.Build(func() interface{} { return new(Total) }), "words").
		ToSink(letters)
	check(app.Start())
	check(words.Send(context.Background(), "go"))
	check(words.Send(context.Background(), "c"))
	check(app.Stop())
	for letter := range letters.All(context.Background()) {
		fmt.Println(letter)
	}
	check(app.Close(context.Background()))
	// Output:
	// g
	// o
	// c
}

// Split emits the letters of a word.
type Split struct{}

func (Split) Compute(data interface{}, state interface{}) ([]interface{}, bool) {
	state.(*Total).Votes++
	var letters []interface{}
	for _, letter := range data.(string) {
		letters = append(letters, string(letter))
	}
	return letters, true
}

// Words is a computation without a state and with any number of outputs: the words of a line.
type Words struct{}

func (Words) Compute(data interface{}) []interface{} {
	var words []interface{}
	for _, word := range strings.Fields(data.(string)) {
		words = append(words, word)
	}
	return words
}

// Letters is a computation without a state: it keeps the letters of a word, and leaves out what has none.
type Letters struct{}

func (Letters) Compute(data interface{}) interface{} {
	word := strings.ToLower(strings.Trim(data.(string), ".,;!?"))
	if word == "" {
		return nil
	}
	return word
}

// Lines are split into words before the words are counted. Both steps run where Send is called.
func ExamplePipeline_To() {
	ctx := context.Background()
	lines := partita.NewSource()
	app := partita.NewApplication("words")
	app.NewPipeline("lines", lines).
		ToMulti(Words{}).
		To(Letters{}).
		ToStatePartitionString(CountWord{}, NewTotal, "counts", ByWord{}, nil).
		Done()
	check(app.Start())
	for _, line := range []string{"The cat, the dog", "and the ! mouse."} {
		check(lines.Send(ctx, line))
	}
	check(app.Drain(ctx))
	counts := make(map[string]int)
	check(app.Parts("counts", func(key partita.Key, state interface{}) bool {
		counts[key.Text] = state.(*Total).Votes
		return true
	}))
	check(app.Close(ctx))
	fmt.Println(counts)
	// Output: map[and:1 cat:1 dog:1 mouse:1 the:3]
}

// CountWord counts a word in its state.
type CountWord struct{}

func (CountWord) Compute(_ interface{}, state interface{}) (interface{}, bool) {
	state.(*Total).Votes++
	return nil, true
}

// ByWord is the partition function of words.
type ByWord struct{}

func (ByWord) Partition(data interface{}) string { return data.(string) }

// What takes long is spread over all workers, and comes back in any order.
func ExamplePipeline_ToParallel() {
	ctx := context.Background()
	numbers := partita.NewSource()
	var found []int
	app := partita.NewApplication("factors")
	app.NewPipeline("numbers", numbers).
		ToParallel(IsPrime{}).
		ToSink(partita.NewSinkFunc("collect", func(batch []interface{}) error {
			for _, prime := range batch {
				found = append(found, prime.(int))
			}
			return nil
		}))
	check(app.Start())
	for number := 2; number < 30; number++ {
		check(numbers.Send(ctx, number))
	}
	check(app.Drain(ctx))
	check(app.Close(ctx))
	sort.Ints(found)
	fmt.Println(found)
	// Output: [2 3 5 7 11 13 17 19 23 29]
}

// IsPrime lets prime numbers through.
type IsPrime struct{}

func (IsPrime) Compute(data interface{}) interface{} {
	for divisor := 2; divisor < data.(int); divisor++ {
		if data.(int)%divisor == 0 {
			return nil
		}
	}
	return data
}
