package partita_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/partita-stream/partita/go/partita"
)

// Ballot is a message of the typed examples: votes for a letter.
type Ballot struct {
	Letter rune
	Count  int
}

// Tally is the state of a letter.
type Tally struct{ Votes int }

func byLetter(ballot Ballot) rune { return ballot.Letter }

// addVotes is a computation: it emits the sum.
func addVotes(letter rune, ballot Ballot, tally *Tally, out *partita.Emitter[string]) (bool, error) {
	if ballot.Count < 0 {
		return false, errors.New("votes cannot be taken back")
	}
	tally.Votes += ballot.Count
	out.Emit(fmt.Sprintf("%c has %d", letter, tally.Votes))
	return true, nil
}

// show is a typed sink that prints.
func show[T any]() partita.SinkOf[T] {
	return partita.NewSinkFuncOf("print", func(batch []T) error {
		for _, message := range batch {
			fmt.Println(message)
		}
		return nil
	})
}

// A computation of the typed API has the program's own types, and so has everything around it.
func ExampleToStatePartition() {
	ballots := partita.NewSourceOf[Ballot]()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println(letter.Text)
	}))
	stream := partita.NewPipelineOf(app, "ballots", ballots)
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	partita.ToStatePartition(stream, tallies, byLetter, addVotes, partita.Skip()).ToSink(show[string]())
	runTyped(app, ballots, Ballot{'a', 1}, Ballot{'a', -1}, Ballot{'a', 2})
	// Unordered output:
	// a has 1
	// computation "addVotes", key 97, message {97 -1}: votes cannot be taken back
	// a has 3
}

// A state without keys is one object.
func ExampleToStateful() {
	ballots := partita.NewSourceOf[Ballot]()
	app := partita.NewApplication("alphabet")
	total := partita.StateOf[Tally]{Name: "total", Build: func() Tally { return Tally{100} }}
	stream := partita.NewPipelineOf(app, "ballots", ballots)
	partita.ToStateful(stream, total, func(ballot Ballot, total *Tally, out *partita.Emitter[int]) (bool, error) {
		total.Votes += ballot.Count
		out.Emit(total.Votes)
		return true, nil
	}).ToSink(show[int]())
	runTyped(app, ballots, Ballot{'a', 1}, Ballot{'b', 2})
	// Output:
	// 101
	// 103
}

// Each step leads to another stream, of the type of its outputs.
func ExampleStream() {
	ballots := partita.NewSourceOf[Ballot]()
	app := partita.NewApplication("alphabet")
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	lengths := partita.PartitionOf[int, int]{Name: "lengths"}

	stream := partita.NewPipelineOf(app, "ballots", ballots)
	texts := partita.ToStatePartition(stream, tallies, byLetter, addVotes)
	counts := partita.ToStatePartition(texts, lengths, func(text string) int { return len(text) },
		func(length int, text string, count *int, out *partita.Emitter[[2]int]) (bool, error) {
			*count++
			out.Emit([2]int{length, *count})
			return true, nil
		}, partita.WithName("count lengths"))
	counts.ToSink(show[[2]int]())
	runTyped(app, ballots, Ballot{'a', 1}, Ballot{'a', 2}, Ballot{'a', 7})
	// Unordered output:
	// [7 1]
	// [7 2]
	// [8 1]
}

// A partition may say which keys there are, and how a state begins.
func ExamplePartitionOf() {
	ctx := context.Background()
	tallies := partita.PartitionOf[rune, Tally]{
		Name:  "tallies",
		Build: func(letter rune) Tally { return Tally{Votes: int(letter - 'a')} },
		Keys:  []rune{'a', 'b'},
	}
	ballots := partita.NewSourceOf[Ballot]()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println(letter.Data, letter.Reason)
	}))
	stream := partita.NewPipelineOf(app, "ballots", ballots)
	partita.ToStatePartition(stream, tallies, byLetter, addVotes).Done()
	check(app.Start())
	_, err := ballots.SendBatch(ctx, []Ballot{{'a', 1}, {'c', 1}, {'b', 2}})
	check(err)
	check(app.Drain(ctx))
	var lines []string
	check(tallies.Parts(app, func(letter rune, tally *Tally) bool {
		lines = append(lines, fmt.Sprintf("%c: %d", letter, tally.Votes))
		return true
	}))
	check(app.Close(ctx))
	slices.Sort(lines)
	fmt.Println(lines)
	// Output:
	// {99 1} unknown key
	// [a: 1 b: 3]
}

func ExampleStateOf() {
	ctx := context.Background()
	total := partita.StateOf[int]{Name: "total"}
	numbers := partita.NewSourceOf[int]()
	app := partita.NewApplication("sum")
	partita.ToStateful(partita.NewPipelineOf(app, "numbers", numbers), total,
		func(n int, total *int, _ *partita.Emitter[partita.None]) (bool, error) {
			*total += n
			return true, nil
		}).Done()
	check(app.Start())
	_, err := numbers.SendBatch(ctx, []int{1, 2, 3})
	check(err)
	check(app.Drain(ctx))
	check(total.Parts(app, func(total *int) bool { fmt.Println(*total); return true }))
	check(app.Close(ctx))
	// Output: 6
}

// A computation is a function: a test calls it with an emitter of its own.
func ExampleEmitter() {
	var tally Tally
	var out partita.Emitter[string]
	changed, err := addVotes('a', Ballot{'a', 2}, &tally, &out)
	fmt.Println(tally, out.Kept(), changed, err)
	// Output: {2} [a has 2] true <nil>
}

// Keys are of any integer or string type.
func ExampleKeyType() {
	type userID uint32
	logins := partita.PartitionOf[userID, int]{Name: "logins"}
	users := partita.NewSourceOf[userID]()
	app := partita.NewApplication("users")
	partita.ToStatePartition(partita.NewPipelineOf(app, "users", users), logins, func(user userID) userID { return user },
		func(user userID, _ userID, count *int, out *partita.Emitter[string]) (bool, error) {
			*count++
			out.Emit(fmt.Sprintf("user %d: login %d", user, *count))
			return true, nil
		}).ToSink(show[string]())
	runTyped(app, users, 7, 7)
	// Output:
	// user 7: login 1
	// user 7: login 2
}

// Typed queues and channels are read like those of interfaces.
func ExampleNewQueueSinkOf() {
	ctx := context.Background()
	ballots := partita.NewSourceOf[Ballot]()
	queue := partita.NewQueueSinkOf[string]("sums", 0)
	app := partita.NewApplication("alphabet")
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "ballots", ballots), tallies, byLetter, addVotes).ToSink(queue)
	check(app.Start())
	check(ballots.Send(ctx, Ballot{'a', 1}))
	check(app.Stop())
	for text := range queue.All(ctx) {
		fmt.Println(text)
	}
	check(app.Close(ctx))
	// Output: a has 1
}

func ExampleNewChannelSinkOf() {
	ctx := context.Background()
	ballots := partita.NewSourceOf[Ballot]()
	sums := make(chan string)
	app := partita.NewApplication("alphabet")
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "ballots", ballots), tallies, byLetter, addVotes).
		ToSink(partita.NewChannelSinkOf("sums", sums))
	check(app.Start())
	check(ballots.Send(ctx, Ballot{'a', 1}))
	check(app.Stop())
	for text := range sums {
		fmt.Println(text)
	}
	check(app.Close(ctx))
	// Output: a has 1
}

// Interface pipelines and typed ones meet in one application.
func ExampleSourceOf() {
	ctx := context.Background()
	app := partita.NewApplication("alphabet")
	typed, untyped := partita.NewSourceOf[Ballot](), partita.NewSource()
	tallies := partita.PartitionOf[rune, Tally]{Name: "tallies"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "typed", typed), tallies, byLetter, addVotes).Done()
	app.NewPipeline("untyped", untyped).ToStateful(AddVotes{}, NewTotal, "total").Done()
	check(app.Start())
	check(typed.Send(ctx, Ballot{'a', 1}))
	check(untyped.Send(ctx, &Vote{'a', 2}))
	check(app.Drain(ctx))
	check(tallies.Parts(app, func(letter rune, tally *Tally) bool { fmt.Printf("%c %d\n", letter, tally.Votes); return true }))
	check(app.Parts("total", func(_ partita.Key, total interface{}) bool { fmt.Println(total.(*Total).Votes); return true }))
	check(app.Close(ctx))
	// Output:
	// a 1
	// 2
}

// Stateless steps need no partition: here one takes lines apart, and one counts.
func ExampleToMulti() {
	lines := partita.NewSourceOf[string]()
	app := partita.NewApplication("lines")
	words := partita.ToMulti(partita.NewPipelineOf(app, "lines", lines), func(line string, out *partita.Emitter[string]) error {
		for _, word := range strings.Fields(line) {
			out.Emit(word)
		}
		return nil
	})
	long := partita.To(words, func(word string) (length int, emit bool, err error) {
		return len(word), len(word) > 2, nil
	})
	long.ToSink(show[int]())
	runTyped(app, lines, "the state of the art", "to be")
	// Output:
	// 3
	// 5
	// 3
	// 3
}

// A step without a state can also fail a message.
func ExampleTo() {
	texts := partita.NewSourceOf[string]()
	app := partita.NewApplication("numbers", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println(letter.Data, letter.Reason)
	}))
	partita.To(partita.NewPipelineOf(app, "texts", texts), func(text string) (number int, emit bool, err error) {
		number, err = strconv.Atoi(text)
		return number, true, err
	}, partita.Skip()).ToSink(show[int]())
	runTyped(app, texts, "1", "one", "2")
	// Unordered output:
	// 1
	// one computation failed
	// 2
}

// What is worth it is spread over all workers; then order is lost.
func ExampleToParallel() {
	numbers := partita.NewSourceOf[int]()
	app := partita.NewApplication("squares")
	partita.ToParallel(partita.NewPipelineOf(app, "numbers", numbers), func(n int) (square int, emit bool, err error) {
		return n * n, true, nil
	}).ToSink(show[int]())
	runTyped(app, numbers, 1, 2, 3)
	// Unordered output:
	// 1
	// 4
	// 9
}

func ExampleToParallelMulti() {
	numbers := partita.NewSourceOf[int]()
	app := partita.NewApplication("divisors")
	partita.ToParallelMulti(partita.NewPipelineOf(app, "numbers", numbers), func(n int, out *partita.Emitter[string]) error {
		for divisor := 2; divisor < n; divisor++ {
			if n%divisor == 0 {
				out.Emit(fmt.Sprint(divisor, " divides ", n))
			}
		}
		return nil
	}).ToSink(show[string]())
	runTyped(app, numbers, 4, 7, 9)
	// Unordered output:
	// 2 divides 4
	// 3 divides 9
}
