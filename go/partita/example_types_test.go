package partita_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/partita-stream/partita/go/partita"
)

// run starts an application, sends messages, and closes it when all is done.
func run(app *partita.Application, source *partita.Source, messages ...interface{}) {
	runTyped(app, source, messages...)
}

// runTyped is run for messages of type T.
func runTyped[T any](app *partita.Application, source *partita.SourceOf[T], messages ...T) {
	check(app.Start())
	_, err := source.SendBatch(context.Background(), messages)
	check(err)
	check(app.Drain(context.Background()))
	check(app.Close(context.Background()))
}

// printer is a sink that prints.
func printer() partita.Sink {
	return partita.NewSinkFunc("print", func(batch []interface{}) error {
		for _, message := range batch {
			fmt.Println(message)
		}
		return nil
	})
}

// A computation gets a message and the state of the message's key.
func ExampleStateComputation() {
	var adding partita.StateComputation = AddVotes{}
	output, changed := adding.Compute(&Vote{'a', 2}, &Total{Votes: 1})
	fmt.Println(output, changed)
	// Output: a 3 true
}

// A computation can also fail with an error: here on a message that is no vote.
func ExampleTryComputation() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println(letter.Text)
	}))
	app.NewPipeline("votes", votes).ToStateful(CheckVotes{}, NewTotal, "total", partita.Skip()).Done()
	run(app, votes, &Vote{'a', 1}, "no vote", &Vote{'a', 1})
	fmt.Println(app.Metrics().Computed)
	// Output:
	// computation "CheckVotes", message no vote: a string is no vote
	// 2
}

// CheckVotes is AddVotes that says what is wrong with a message.
type CheckVotes struct{ AddVotes }

func (adding CheckVotes) TryCompute(data interface{}, state interface{}) (interface{}, bool, error) {
	if _, is := data.(*Vote); !is {
		return nil, false, fmt.Errorf("a %T is no vote", data)
	}
	output, changed := adding.Compute(data, state)
	return output, changed, nil
}

// So can a computation with any number of outputs.
func ExampleTryComputationMulti() {
	words := partita.NewSource()
	app := partita.NewApplication("letters", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println(letter.Text)
	}))
	app.NewPipeline("words", words).ToStatefulMulti(SplitWords{}, NewTotal, "words", partita.Skip()).Done()
	run(app, words, "go", "two words", "c")
	fmt.Println(app.Metrics().Stages[1].Emitted)
	// Output:
	// computation "SplitWords", message two words: a space is no letter
	// 3
}

// SplitWords is Split that takes single words only.
type SplitWords struct{ Split }

func (splitting SplitWords) TryCompute(data interface{}, state interface{}) ([]interface{}, bool, error) {
	if strings.Contains(data.(string), " ") {
		return nil, false, errors.New("a space is no letter")
	}
	outputs, changed := splitting.Compute(data, state)
	return outputs, changed, nil
}

// A partition function says which key a message belongs to.
func ExamplePartitionFunction() {
	var byLetter partita.PartitionFunction = ByLetter{}
	fmt.Println(byLetter.Partition(&Vote{'a', 2}))
	// Output: 97
}

// Keys may be strings, too.
func ExampleStringPartitionFunction() {
	var byLastDigit partita.StringPartitionFunction = ByLastDigit{}
	fmt.Println(byLastDigit.Partition("a 14"))
	// Output: 4
}

// A builder is a type, or made of a function with Build.
func ExampleStateBuilder() {
	var builder partita.StateBuilder = Ten{}
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).ToStateful(AddVotes{}, builder, "total").ToSink(printer())
	run(app, votes, &Vote{'a', 1}, &Vote{'b', 1})
	// Output:
	// a 11
	// b 12
}

// Ten builds a total that does not begin with 0.
type Ten struct{}

func (Ten) Build() interface{} { return &Total{Votes: 10} }

// A computation may have a name of its own, for paths and metrics.
func ExampleNamed() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).ToStateful(Counting{}, NewTotal, "total").Done()
	run(app, votes, &Vote{'a', 1})
	fmt.Println(app.Metrics().Stages[1].Path)
	// Output: application "alphabet" / pipeline "votes" / step 1 "counting votes"
}

// Counting is AddVotes with a name.
type Counting struct{ AddVotes }

func (Counting) Name() string { return "counting votes" }

// A sink is a function, a channel or a queue; ToSinks takes several.
func ExampleSink() {
	sinks := []partita.Sink{printer(), partita.NewQueueSink("queue", 10), partita.NewChannelSink("channel", make(chan interface{}, 10))}
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).ToStateful(AddVotes{}, NewTotal, "total").ToSinks(sinks...)
	for _, sink := range sinks {
		fmt.Println(sink.Name())
	}
	fmt.Println(app.Check())
	// Output:
	// print
	// queue
	// channel
	// <nil>
}

// Options set something about an application.
func ExampleOption() {
	options := []partita.Option{partita.Workers(0), partita.KeyGroups(0)}
	fmt.Println(partita.NewApplication("alphabet", options...).Check())
	// Output:
	// invalid topology
	// application "alphabet": workers: expected 1 or more, got 0
	// application "alphabet": key groups: expected 1 or more, got 0
	// application "alphabet": there is no pipeline: expected at least one
}

// Source options set something about a source.
func ExampleSourceOption() {
	var few partita.SourceOption = partita.Credits(16)
	votes := partita.NewSource(few)
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).ToStateful(AddVotes{}, NewTotal, "total").ToSink(printer())
	run(app, votes, &Vote{'a', 1}, &Vote{'a', 1})
	// Output:
	// a 1
	// a 2
}

// Step options name a step, and say what happens when it fails.
func ExampleStepOption() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println(letter.Path, "/", letter.Reason)
	}))
	options := []partita.StepOption{partita.WithName("adding"), partita.Skip()}
	app.NewPipeline("votes", votes).ToStateful(AddVotes{}, NewTotal, "total", options...).Done()
	run(app, votes, "no vote", &Vote{'a', 1})
	fmt.Println(app.Metrics().Computed)
	// Output:
	// application "alphabet" / pipeline "votes" / step 1 "adding" / computation failed
	// 1
}

// Reasons have names, and count in the metrics.
func ExampleDeadReason() {
	var metrics partita.Metrics
	for reason := range metrics.Dead {
		fmt.Println(partita.DeadReason(reason))
	}
	// Output:
	// unknown key
	// partition function failed
	// state could not be built
	// computation failed
	// sink failed
	// application failed
	// application closed
	// key in quarantine
	// frame not decoded
}

// The kind says which field of a key counts.
func ExampleKeyKind() {
	describe := func(key partita.Key) string {
		switch key.Kind {
		case partita.NumberKey:
			return fmt.Sprint("the number ", key.Number)
		case partita.TextKey:
			return fmt.Sprintf("the text %q", key.Text)
		default:
			return "none"
		}
	}
	fmt.Println(describe(partita.Key{Kind: partita.NumberKey, Number: 7}))
	fmt.Println(describe(partita.Key{Kind: partita.TextKey, Text: "7"}))
	fmt.Println(describe(partita.Key{}))
	// Output:
	// the number 7
	// the text "7"
	// none
}

// Each source, step and sink has counters of its own.
func ExampleStageMetrics() {
	votes := partita.NewSource()
	app := partita.NewApplication("alphabet")
	app.NewPipeline("votes", votes).
		ToStatePartition(AddVotes{}, NewTotal, "totals", ByLetter{}, []uint64{'a'}).
		Done()
	run(app, votes, &Vote{'a', 1}, &Vote{'b', 1}, &Vote{'a', 1})
	stage := app.Metrics().Stages[1]
	fmt.Println(stage.Completed, stage.Emitted, stage.Dead[partita.DeadUnknownKey])
	// Output: 2 2 1
}

// A mistake says where it is, what is wrong, and what was expected.
func ExampleMistake() {
	var topology *partita.TopologyError
	if errors.As(partita.NewApplication("alphabet").Check(), &topology) {
		mistake := topology.Mistakes[0]
		fmt.Println(mistake.Path)
		fmt.Println(mistake.Message)
	}
	// Output:
	// application "alphabet"
	// there is no pipeline: expected at least one
}

// Halve is a stateless computation that can fail: TryCompute is called, and Compute never.
type Halve struct{}

func (Halve) Compute(interface{}) interface{} { panic("TryCompute is called instead") }

func (Halve) TryCompute(data interface{}) (interface{}, error) {
	if number := data.(int); number%2 == 0 {
		return number / 2, nil
	}
	return nil, fmt.Errorf("%d is odd", data)
}

func ExampleTryStateless() {
	numbers := partita.NewSource()
	app := partita.NewApplication("halves", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println("a dead letter:", letter.Data)
	}))
	app.NewPipeline("numbers", numbers).To(Halve{}, partita.Skip()).ToSink(printer())
	check(app.Start())
	for _, number := range []int{8, 3, 4} {
		check(numbers.Send(context.Background(), number))
		check(app.Drain(context.Background()))
	}
	check(app.Close(context.Background()))
	// Output:
	// 4
	// a dead letter: 3
	// 2
}

// Digits are those of a number; it cannot take apart what is below 0.
type Digits struct{}

func (Digits) Name() string { return "digits" }

func (Digits) Compute(interface{}) []interface{} { panic("TryCompute is called instead") }

func (Digits) TryCompute(data interface{}) ([]interface{}, error) {
	number := data.(int)
	if number < 0 {
		return nil, fmt.Errorf("%d is below 0", number)
	}
	var digits []interface{}
	for _, digit := range strconv.Itoa(number) {
		digits = append(digits, int(digit-'0'))
	}
	return digits, nil
}

func ExampleTryStatelessMulti() {
	numbers := partita.NewSource()
	app := partita.NewApplication("digits", partita.DeadLetters(func(letter partita.DeadLetter) {
		fmt.Println("a dead letter:", letter.Data)
	}))
	app.NewPipeline("numbers", numbers).ToMulti(Digits{}, partita.Skip()).ToSink(printer())
	check(app.Start())
	for _, number := range []int{42, -3, 7} {
		check(numbers.Send(context.Background(), number))
		check(app.Drain(context.Background()))
	}
	check(app.Close(context.Background()))
	// Output:
	// 4
	// 2
	// a dead letter: -3
	// 7
}
