package partita_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/partita-stream/partita/go/partita"
)

// order is a message of the random test: what one sender asks of an account.
type order struct {
	account name
	number  int
	amount  int32
	copies  int
	fails   bool
}

// balance is the state of an account.
type balance struct {
	sum  int32
	seen []int
}

// receipt is what follows from an order.
type receipt struct {
	account     name
	number, nth int
	sum         int32
}

// oracle is what must become of orders: a plain map, and one loop.
type oracle struct {
	balances map[name]balance
	receipts map[name][]receipt
	counts   map[uint8]int
	dead     map[name][]int
}

func newOracle() *oracle {
	return &oracle{make(map[name]balance), make(map[name][]receipt), make(map[uint8]int), make(map[name][]int)}
}

func (oracle *oracle) take(order order) {
	before := oracle.balances[order.account]
	after, receipts, err := compute1(order, before)
	oracle.balances[order.account] = after
	if err != nil {
		oracle.dead[order.account] = append(oracle.dead[order.account], order.number)
		return
	}
	oracle.receipts[order.account] = append(oracle.receipts[order.account], receipts...)
	for _, receipt := range receipts {
		oracle.counts[hallOf(receipt)]++
	}
}

// compute1 is what one order does to a balance, and what follows from it.
func compute1(order order, before balance) (after balance, receipts []receipt, err error) {
	after = balance{before.sum + order.amount, append(slices.Clone(before.seen), order.number)}
	for nth := range order.copies {
		receipts = append(receipts, receipt{order.account, order.number, nth, after.sum})
	}
	if order.fails {
		err = &odd{order.number}
	}
	return after, receipts, err
}

func accountOf(order order) name { return order.account }

func hallOf(receipt receipt) uint8 { return uint8(receipt.sum) }

// Random orders lead to what a plain map and a loop make of them. PARTITA_SEED repeats one run.
func TestTypedStatesAndOutputsAreThoseOfAPlainMap(t *testing.T) {
	seeds := []uint64{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}
	if text := os.Getenv("PARTITA_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		must(t, err)
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { compareWithMap(t, seed) })
	}
}

func compareWithMap(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	oracle := newOracle()
	orders := make([]order, 1+random.IntN(20_000))
	accounts := 1 + random.IntN(1+random.IntN(500))
	for i := range orders {
		orders[i] = order{
			account: name(fmt.Sprint("account ", random.IntN(accounts))),
			number:  i,
			amount:  random.Int32N(100) - 50,
			copies:  random.IntN(1 + random.IntN(1+random.IntN(40))),
			fails:   random.IntN(20) == 0,
		}
		oracle.take(orders[i])
	}

	bury, letters := buried()
	source := partita.NewSourceOf[order](partita.Credits(1 + random.IntN(3000)))
	app := partita.NewApplication("random", partita.Workers(1+random.IntN(3)), partita.KeyGroups(2+random.IntN(64)), bury)
	balances := partita.PartitionOf[name, balance]{Name: "balances"}
	halls := partita.PartitionOf[uint8, int]{Name: "halls"}
	stream := partita.NewPipelineOf(app, "p", source)
	for step := range random.IntN(3) {
		stream = partita.To(stream, func(in order) (order, bool, error) { return in, true, nil },
			partita.WithName(fmt.Sprint("before ", step)))
	}
	receipts := partita.ToStatePartition(stream, balances, accountOf,
		func(_ name, order order, state *balance, out *partita.Emitter[receipt]) (bool, error) {
			after, receipts, err := compute1(order, *state)
			*state = after
			for _, receipt := range receipts {
				out.Emit(receipt)
			}
			if err != nil && order.number%2 == 0 {
				panic(err)
			}
			return true, err
		}, partita.Skip())
	for step := range random.IntN(3) {
		receipts = partita.ToMulti(receipts, func(in receipt, out *partita.Emitter[receipt]) error {
			out.Emit(in)
			return nil
		}, partita.WithName(fmt.Sprint("between ", step)))
	}
	counted := partita.ToStatePartition(receipts, halls, hallOf,
		func(_ uint8, in receipt, count *int, out *partita.Emitter[receipt]) (bool, error) {
			*count++
			out.Emit(in)
			return true, nil
		})
	sink, taken := collect[receipt]("out")
	counted.ToSink(sink)
	start(t, app)
	for rest := orders; len(rest) > 0; {
		size := 1 + random.IntN(min(len(rest), 1500))
		sendAll(t, source, rest[:size]...)
		rest = rest[size:]
	}
	must(t, app.Drain(deadline(t)))

	gotBalances := make(map[name]balance)
	must(t, balances.Parts(app, func(account name, state *balance) bool { gotBalances[account] = *state; return true }))
	if !reflect.DeepEqual(gotBalances, oracle.balances) {
		t.Errorf("seed %d: the balances are not the map's", seed)
	}
	gotCounts := make(map[uint8]int)
	must(t, halls.Parts(app, func(hall uint8, count *int) bool { gotCounts[hall] = *count; return true }))
	if !maps.Equal(gotCounts, oracle.counts) {
		t.Errorf("seed %d: the counts are %v, expected %v", seed, gotCounts, oracle.counts)
	}
	gotDead := make(map[name][]int)
	for _, letter := range *letters {
		order := letter.Data.(order)
		gotDead[order.account] = append(gotDead[order.account], order.number)
	}
	if !reflect.DeepEqual(gotDead, oracle.dead) {
		t.Errorf("seed %d: the dead letters of each account are %v, expected %v", seed, gotDead, oracle.dead)
	}
	// Behind the second step only what has one hall, too, keeps its order.
	type lane struct {
		account name
		hall    uint8
	}
	got, want := make(map[lane][]receipt), make(map[lane][]receipt)
	for _, receipt := range *taken {
		place := lane{receipt.account, hallOf(receipt)}
		got[place] = append(got[place], receipt)
	}
	for account, receipts := range oracle.receipts {
		for _, receipt := range receipts {
			place := lane{account, hallOf(receipt)}
			want[place] = append(want[place], receipt)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("seed %d: the outputs are not the map's", seed)
	}
}
