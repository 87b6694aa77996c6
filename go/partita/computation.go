package partita

import (
	"reflect"
	"runtime"
	"strings"
)

// Computation is a step without a state: one message in, none or one out.
type Computation interface {
	// Compute processes one message. It returns the output, or nil for none; that may be the message.
	//
	// It may be called by any number of goroutines at once, also by those that send: it must not change
	// fields of its own without a lock.
	Compute(data interface{}) interface{}
}

// ComputationMulti is a step without a state: one message in, any number out.
type ComputationMulti interface {
	// Compute is like that of [Computation], with any number of outputs, sent on in order. A nil output is
	// left out.
	Compute(data interface{}) []interface{}
}

// TryStateless is what a [Computation] may be besides: it can fail without a panic, as with
// [TryComputation]. Then TryCompute is called, and Compute never.
type TryStateless interface {
	// TryCompute is like Compute, with an error. One that is not nil fails the message; the output is
	// ignored.
	TryCompute(data interface{}) (interface{}, error)
}

// TryStatelessMulti is what a [ComputationMulti] may be besides: it can fail without a panic, as with
// [TryComputation]. Then TryCompute is called, and Compute never.
type TryStatelessMulti interface {
	// TryCompute is like that of [TryStateless], with any number of outputs.
	TryCompute(data interface{}) ([]interface{}, error)
}

// StateComputation is a step with state: one message in, none or one out.
type StateComputation interface {
	// Compute processes one message with the state of the message's key. It returns the output,
	// or nil for none, and whether the state changed and must be kept.
	//
	// It is called by one goroutine at a time for each state, but at once for different states: a
	// computation that has fields of its own must not change them without a lock.
	Compute(data interface{}, state interface{}) (interface{}, bool)
}

// StateComputationMulti is a step with state: one message in, any number out.
type StateComputationMulti interface {
	// Compute is like that of [StateComputation], with any number of outputs, sent on in order. A
	// nil output is left out.
	Compute(data interface{}, state interface{}) ([]interface{}, bool)
}

// TryComputation is what a [StateComputation] may be besides: it can fail without a panic. Then
// TryCompute is called, and Compute never.
type TryComputation interface {
	// TryCompute is like Compute, with an error. One that is not nil fails the message as a panic
	// does, by the policy of the step, but without a stack; the other results are ignored. If that
	// makes the application fail, [errors.Is] and [errors.As] find it in the failure.
	TryCompute(data interface{}, state interface{}) (interface{}, bool, error)
}

// TryComputationMulti is what a [StateComputationMulti] may be besides: it can fail without a panic.
// Then TryCompute is called, and Compute never.
type TryComputationMulti interface {
	// TryCompute is like that of [TryComputation], with any number of outputs.
	TryCompute(data interface{}, state interface{}) ([]interface{}, bool, error)
}

// PartitionFunction finds the key of a message.
type PartitionFunction interface {
	// Partition returns the key. It may be called by any number of goroutines at once, must
	// always give the same key for the same message, and must not change it.
	Partition(data interface{}) uint64
}

// StringPartitionFunction finds the key of a message, as a string: any bytes, compared exactly.
type StringPartitionFunction interface {
	// Partition returns the key. It may be called by any number of goroutines at once, must
	// always give the same key for the same message, and must not change it.
	Partition(data interface{}) string
}

// StateBuilder makes the state of a new key.
type StateBuilder interface {
	// Build returns a new state. It may be called by any number of goroutines at once.
	Build() interface{}
}

// Named is what a computation, a partition function or a builder may be besides: it gives the
// name to use in paths, metrics and errors, and is asked for it once, where it is declared. Without it that
// is the name of the type.
type Named interface {
	Name() string
}

// Build makes a [StateBuilder] of a function.
func Build(build func() interface{}) StateBuilder {
	if build == nil {
		return nil
	}
	return buildFunc(build)
}

type buildFunc func() interface{}

func (build buildFunc) Build() interface{} { return build() }

// nameOf is the name of a computation, a partition function or a builder. It runs user code: only where it
// is declared.
func nameOf(object any) string {
	if named, ok := object.(Named); ok {
		return named.Name()
	}
	return typeName(object)
}

// typeName is the name of an object's type, without package and pointer. A function that is of no
// type with a name has one of its own.
func typeName(object any) string {
	kind := reflect.TypeOf(object)
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind.Name() != "":
		return kind.Name()
	case kind.Kind() == reflect.Func:
		return functionName(reflect.ValueOf(object).Pointer())
	}
	return kind.String()
}

// functionName is the name of a function, without package.
func functionName(code uintptr) string {
	function := runtime.FuncForPC(code)
	if function == nil {
		return "nil"
	}
	name := function.Name()
	name = name[strings.LastIndexByte(name, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	return strings.TrimSuffix(strings.ReplaceAll(name, "[...]", ""), "-fm")
}
