package partita

import "strconv"

// DeadLetter is a message that the application could not process.
type DeadLetter struct {
	// Data is the message; nil for a frame that could not be decoded.
	Data interface{}
	// Frame has the bytes of such a frame ([DeadDecode]), of a long one the first 64 KiB. Otherwise it is
	// empty.
	Frame string
	// Reason says why it died.
	Reason DeadReason
	// Key is its key at that step, if it was known.
	Key Key
	// Path says where it died, as in `application "x" / pipeline "y" / step 2 "z"`.
	Path string
	// Text is what the failure said: the panic's value and stack, or the error's text. It is empty for an
	// unknown key, and in quarantine.
	Text string
}

// DeadReason says why a message died.
type DeadReason int

const (
	// DeadUnknownKey is a message whose key was not declared.
	DeadUnknownKey DeadReason = iota
	// DeadPartition is a message on which the partition function failed.
	DeadPartition
	// DeadBuild is a message whose state could not be built.
	DeadBuild
	// DeadCompute is a message on which the computation failed.
	DeadCompute
	// DeadSink is a message on which a sink failed.
	DeadSink
	// DeadFailed is a message that was queued when the application failed. It is only counted.
	DeadFailed
	// DeadClosed is a message that was queued when the application was closed. It is only counted.
	DeadClosed
	// DeadQuarantined is a message whose key is in quarantine.
	DeadQuarantined
	// DeadDecode is a frame that a TCP source could not decode.
	DeadDecode

	deadReasons
)

// String names the reason.
func (reason DeadReason) String() string {
	if reason < 0 || reason >= deadReasons {
		return "DeadReason(" + strconv.Itoa(int(reason)) + ")"
	}
	return deadReasonNames[reason]
}

var deadReasonNames = [deadReasons]string{
	DeadUnknownKey:  "unknown key",
	DeadPartition:   "partition function failed",
	DeadBuild:       "state could not be built",
	DeadCompute:     "computation failed",
	DeadSink:        "sink failed",
	DeadFailed:      "application failed",
	DeadClosed:      "application closed",
	DeadQuarantined: "key in quarantine",
	DeadDecode:      "frame not decoded",
}
