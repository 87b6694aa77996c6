package byhand

import "github.com/partita-stream/partita/benches/go/keyed"

// dealt are the messages of all senders, dealt to the workers by key before the clock starts. Programs that
// lock their states have no one who deals: without it messages of one key would be out of order. So it is in
// their favour.
type dealt [][]*keyed.Message

// Prepare implements keyed.Preparer; workers is the length.
func (dealt dealt) Prepare(input *keyed.Input) {
	for i := range dealt {
		dealt[i] = nil
	}
	for _, messages := range input.Messages {
		for i, part := range keyed.Deal(messages, len(dealt)) {
			dealt[i] = append(dealt[i], part...)
		}
	}
}

// Outputs implements keyed.Runner, for systems that have none.
func (dealt) Outputs() keyed.Tally { return keyed.Tally{} }

// Close implements keyed.Runner.
func (dealt) Close() error { return nil }
