package partita

// #include "bridge.h"
import "C"

import (
	"context"
	"fmt"
	"unsafe"
)

// lead sends through the stateless steps that a pipeline begins with. Messages are admitted first; then
// the steps run on the goroutine that sends, and what has come of the messages is pushed.
type lead[T any] struct {
	gate   *gateOf[T]
	sender *sender[T]
	handle C.partita_sender
	chain  *chain
	first  *buffer[T]
	// piece are the messages that are admitted, of which the first ones were fed to the chain. Those
	// that will not be sent are given up.
	piece []T
	fed   int
	// before counts those of the send that were sent before the piece.
	before  int
	givenUp int
	// over says that all is pushed that will be.
	over bool
	// refusal is why the message at hand failed, if its code returned an error.
	refusal string

	numbers   []uint64
	sent      []output
	completed []uint64
	waiting   []uint64
	words     []uint64
	texts     keyRoom
	// kind is that of the keys.
	kind KeyKind
	// textSize is the room to reserve for keys.
	textSize int

	// Kept so that nothing is allocated for a call.
	work func()
	fell func(ending)
}

func newLead[T any](gate *gateOf[T], sender *sender[T]) *lead[T] {
	lead := &lead[T]{gate: gate, sender: sender, handle: sender.handle}
	lead.chain = newChain(gate.leading, gate.behind, noSeat)
	lead.chain.feed = lead.feed
	lead.chain.exit.onTurn(lead.turn)
	lead.first = lead.chain.levels[0].entry().(*buffer[T])
	steps := len(gate.leading)
	lead.completed, lead.waiting = make([]uint64, steps), make([]uint64, steps)
	if gate.behind != nil {
		lead.kind = gate.behind.kind()
	}
	lead.work, lead.fell = lead.run, lead.ended
	return lead
}

// send sends messages in order, up to the first that is nil, and returns how many it sent.
func (lead *lead[T]) send(ctx context.Context, batch []T) (sent int, err error) {
	for sent < len(batch) {
		piece := batch[sent:min(sent+pieceMax, len(batch))]
		size := beforeNil(piece)
		if size == 0 {
			return sent, fmt.Errorf("%s: %w: message %d is nil", lead.gate.path, ErrInvalidArgument, sent)
		}
		admitted, status := lead.admit(ctx, size)
		if status != C.PARTITA_OK {
			return sent, lead.gate.refused(ctx, status)
		}
		lead.before = sent
		lead.piece, lead.fed, lead.givenUp, lead.over = piece[:admitted], 0, 0, false
		lead.carry()
		lead.piece = nil
		sent += lead.fed
	}
	return sent, nil
}

// admit waits until some of as many messages are admitted, and returns how many. If a completion is asked
// for, it is one of them all.
func (lead *lead[T]) admit(ctx context.Context, size int) (admitted int, status C.partita_status) {
	call := func(patience C.partita_go_patience) C.partita_status {
		var token []uint64
		if lead.sender.asks.any() {
			token = lead.sender.takeTokens(1, 0)
		}
		result := C.partita_go_admit(lead.handle, C.size_t(size), (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(token))), patience)
		admitted = int(result.count)
		lead.sender.asked(token, admitted, uint64(result.position))
		return result.status
	}
	if ctx == notWaiting {
		return admitted, call(atOnce)
	}
	status = lead.sender.await(ctx, call)
	return admitted, status
}

// feed lets in some of the messages that are admitted.
func (lead *lead[T]) feed() bool {
	rest := lead.piece[lead.fed:]
	rest = rest[:min(len(rest), together)]
	lead.first.items = append(lead.first.items, rest...)
	lead.fed += len(rest)
	return len(rest) > 0
}

// carry runs the steps until all that came of the piece is pushed. User code that ends the goroutine
// ends it when that is done.
func (lead *lead[T]) carry() {
	for !lead.over {
		if !guard(lead.work, lead.fell) {
			continue
		}
		if lead.refusal != "" {
			lead.fail(lead.refusal)
			continue
		}
		exit := lead.chain.exit
		lead.over = exit.found() == exit.count() && lead.fed == len(lead.piece) && lead.chain.furthest() < 0
		lead.push(pushFailure{})
	}
}

// run runs the steps until there is something to push. An error's own method is user code, too.
func (lead *lead[T]) run() {
	lead.refusal = ""
	lead.chain.work()
	if err := lead.chain.refusal; err != nil {
		lead.refusal = refuse(lead.chain, err, lostMax, &lead.gate.engine.blames)
	}
}

// ended is called when user code has ended without returning.
func (lead *lead[T]) ended(end ending) {
	text := cut(end.text(lead.chain.describe()), lostMax, "...")
	if end.exited() {
		// Who sends will not hear how many were sent: what has not begun is not.
		lead.giveUp()
	}
	lead.fail(text)
	if end.exited() {
		lead.carry()
	}
}

// giveUp leaves those messages out that were not fed to the chain.
func (lead *lead[T]) giveUp() {
	lead.givenUp += len(lead.piece) - lead.fed
	lead.piece = lead.piece[:lead.fed]
}

// pushFailure is a message that failed.
type pushFailure struct {
	is     bool
	number uint64
	step   int
	text   string
}

// fail tells the engine of the message at hand that it failed. If that is the end of the application,
// what is on its way ends there, too.
func (lead *lead[T]) fail(text string) {
	step := lead.chain.at
	number, _ := lead.chain.fall()
	lead.push(pushFailure{is: true, number: number, step: step, text: text})
	if lead.policy(step) == stop {
		lead.giveUp()
		lead.over = true
		lead.leave()
	}
}

// policy is that of a step, or of the one behind all.
func (lead *lead[T]) policy(step int) policy {
	if step == len(lead.chain.levels) {
		return lead.gate.behind.base().policy
	}
	return lead.chain.levels[step].base().policy
}

// push hands on what has come through and has its key, and a failure.
func (lead *lead[T]) push(failure pushFailure) {
	count := lead.chain.exit.found()
	if len(lead.numbers) < count {
		lead.numbers = make([]uint64, max(count, pieceMax))
	}
	numbers := lead.numbers[:count]
	lead.chain.exit.send(numbers)
	lead.call(numbers, true, failure)
}

// leave hands on everything, wherever it has come to: the application has failed.
func (lead *lead[T]) leave() {
	sent := lead.chain.exit.spill(lead.sent[:0])
	for at := len(lead.chain.levels) - 1; at >= 0; at-- {
		before := len(sent)
		sent = lead.chain.levels[at].spill(sent)
		lead.waiting[at] = uint64(len(sent) - before)
	}
	numbers := make([]uint64, len(sent))
	for i := range sent {
		numbers[i] = sent[i].number
	}
	lead.sent = sent
	lead.call(numbers, false, pushFailure{})
	clear(lead.waiting)
}

// call pushes messages.
func (lead *lead[T]) call(numbers []uint64, keyed bool, failure pushFailure) {
	push := C.partita_go_push_counts{failed_step: -1}
	if failure.is {
		push.failed_step, push.failed = C.int32_t(failure.step), C.uint64_t(failure.number)
	}
	if lead.over {
		push.done, push.given_up, push.ends = C.size_t(lead.fed), C.size_t(lead.givenUp), true
	}
	for i, level := range lead.chain.levels {
		lead.completed[i] = uint64(level.tally())
	}
	var words *C.uint64_t
	var texts *C.partita_bytes
	if keyed && len(numbers) > 0 {
		words = (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(lead.words)))
		texts = lead.texts.spans
	}
	C.partita_go_push(lead.handle, (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(numbers))), C.size_t(len(numbers)),
		words, texts, (*C.size_t)(unsafe.Pointer(&lead.completed[0])), (*C.size_t)(unsafe.Pointer(&lead.waiting[0])),
		C.size_t(len(lead.completed)), push,
		(*C.char)(unsafe.Pointer(unsafe.StringData(failure.text))), C.size_t(len(failure.text)))
}

// turn makes the page for keys new, for a number of them.
func (lead *lead[T]) turn(page *keyPage, count int) {
	if lead.kind == TextKey {
		if page.texts.full {
			// The room for keys was used up: now there is more.
			lead.textSize = min(2*lead.texts.size, pieceTextMax)
		}
		lead.texts.reserve(count, lead.textSize)
		page.texts = lead.texts.writer()
		return
	}
	if len(lead.words) < count {
		lead.words = make([]uint64, max(count, pieceMax))
	}
	page.words = lead.words
}

// free gives back all that it has.
func (lead *lead[T]) free() {
	lead.texts.free()
	lead.chain.free()
}
