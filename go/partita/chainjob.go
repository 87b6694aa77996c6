package partita

// #include "bridge.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// chainJob is messages that come to stateless steps on one seat.
type chainJob struct {
	callback
	chain *chain
	room  *C.partita_chain
	// values are the messages, of which the first ones were fed to the chain.
	values []uint64
	fed    int
	sent   []output
	_      apart
}

//export partitaGoChain
func partitaGoChain(host C.uintptr_t, index C.int32_t, room *C.partita_chain) C.partita_status {
	step := hostOf[transformHost](uintptr(host))
	worker := step.base().engine.worker(index)
	place := step.job(worker.seat())
	if *place == nil {
		*place = newChainJob(room, worker)
	}
	return (*place).run(worker, room)
}

// newChainJob makes the chain of the steps that the engine names.
func newChainJob(room *C.partita_chain, worker *worker) *chainJob {
	steps := make([]transformHost, room.steps)
	hosts := unsafe.Slice((*uintptr)(unsafe.Pointer(room.hosts)), room.steps)
	for i := range steps {
		steps[i] = hostOf[transformHost](hosts[i])
	}
	var behind stepHost
	if room.word_keys != nil || room.byte_keys != nil {
		hosts = unsafe.Slice((*uintptr)(unsafe.Pointer(room.hosts)), room.steps+1)
		behind = hostOf[stepHost](hosts[room.steps])
	}
	job := &chainJob{chain: newChain(steps, behind, worker.seat())}
	job.chain.feed = job.feed
	job.chain.exit.onTurn(job.turn)
	return job
}

func (job *chainJob) run(worker *worker, room *C.partita_chain) C.partita_status {
	job.callback = begin(worker, (*C.size_t)(unsafe.Pointer(room.completed)), &room.failure, job)
	job.room, job.fed = room, 0
	job.values = unsafe.Slice((*uint64)(unsafe.Pointer(room.values)), room.len)
	return job.perform(job)
}

func (job *chainJob) work() {
	job.chain.work()
	if err := job.chain.refusal; err != nil {
		job.refusal = refuse(job.chain, err, int(job.failure.capacity), &job.worker.blame)
	}
}

// feed lets in some of the messages, while there is room for what comes of them.
func (job *chainJob) feed() bool {
	rest := job.values[job.fed:]
	if len(rest) == 0 || job.chain.exit.count() >= int(job.room.outputs_capacity) {
		return false
	}
	rest = rest[:min(len(rest), together)]
	job.chain.levels[0].gather(rest, job.fed)
	job.fed += len(rest)
	return true
}

// turn makes a page of the room for keys that the engine lends.
func (job *chainJob) turn(page *keyPage, count int) {
	job.reserve(count)
	size := job.room.outputs_capacity
	if words := job.room.word_keys; words != nil {
		page.words = unsafe.Slice((*uint64)(unsafe.Pointer(words)), size)
		return
	}
	page.texts = keyWriter{
		spans: unsafe.Slice((*keySpan)(unsafe.Pointer(job.room.byte_keys)), size),
		text:  unsafe.Slice((*byte)(unsafe.Pointer(job.room.scratch)), job.room.scratch_len),
		large: &job.worker.keyRoom,
	}
}

// reserve makes room for a number of outputs in all.
func (job *chainJob) reserve(count int) {
	if count <= int(job.room.outputs_capacity) {
		return
	}
	if status := C.partita_chain_reserve(job.room, C.size_t(count)); status != C.PARTITA_OK {
		panic(fmt.Sprintf("no room for %d outputs: %v", count, statusName(status)))
	}
}

func (job *chainJob) describe() string { return job.chain.describe() }

// settle tells the engine how far each message has come.
func (job *chainJob) settle() {
	chain, room := job.chain, job.room
	first := chain.levels[0]
	if chain.busy && chain.at > 0 {
		number, from := chain.fall()
		*(*uint64)(unsafe.Pointer(&room.failed)) = number
		room.failed_step, room.failed_from = C.uint32_t(chain.at), C.uint32_t(from)
	}
	done := job.fed - first.left()
	completed := numberList((*C.uint64_t)(unsafe.Pointer(room.completed)), C.size_t(room.steps))
	for i, level := range chain.levels {
		completed[i] = uint64(level.tally())
	}
	// The others stay where they are, and come again.
	first.consume(job.values[:done])
	first.drop()
	room.keys_len = 0
	if room.word_keys != nil || room.byte_keys != nil {
		room.keys_len = C.size_t(chain.exit.found())
	}
	job.send()
	chain.busy, chain.refusal = false, nil
}

// send writes all outputs: first what has come through, and then what has not, the furthest first.
func (job *chainJob) send() {
	chain, room := job.chain, job.room
	sent := chain.exit.spill(job.sent[:0])
	waiting := numberList((*C.uint64_t)(unsafe.Pointer(room.waiting)), C.size_t(room.steps))
	for at := len(chain.levels) - 1; at > 0; at-- {
		before := len(sent)
		sent = chain.levels[at].spill(sent)
		waiting[at] = uint64(len(sent) - before)
	}
	job.reserve(len(sent))
	copy(unsafe.Slice((*output)(unsafe.Pointer(room.outputs)), room.outputs_capacity), sent)
	room.outputs_len = C.size_t(len(sent))
	job.sent = sent
}
