package partita_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/partita-stream/partita/go/partita"
)

// measured is a value that a device measured.
type measured struct {
	device string
	value  float64
}

// decodeReading reads a line, as in "pump 2.5". The line is only lent, but to make a string of it copies it.
func decodeReading(line []byte) (measured, bool, error) {
	device, text, found := strings.Cut(string(line), " ")
	if !found {
		return measured{}, false, nil // it is no reading, and filtered
	}
	value, err := strconv.ParseFloat(text, 64)
	return measured{device, value}, true, err
}

// encodeReading appends a line.
func encodeReading(out []byte, highest measured) ([]byte, error) {
	return fmt.Appendf(out, "%s %g\n", highest.device, highest.value), nil
}

// Readings come in as lines over TCP; each that is higher than all before it of its device goes out as a line.
func ExampleNewTCPSourceOf() {
	// Whoever wants to know listens here.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer listener.Close()

	app := partita.NewApplication("highest")
	readings := partita.NewTCPSourceOf("127.0.0.1:0", partita.Lines(), decodeReading)
	alarms := partita.NewTCPSinkOf("alarms", listener.Addr().String(), encodeReading)
	highest := partita.PartitionOf[string, float64]{Name: "highest"}
	partita.ToStatePartition(partita.NewPipelineOf(app, "readings", readings), highest,
		func(read measured) string { return read.device },
		func(_ string, read measured, highest *float64, out *partita.Emitter[measured]) (bool, error) {
			if read.value <= *highest {
				return false, nil
			}
			*highest = read.value
			out.Emit(read)
			return true, nil
		}).ToSink(alarms)
	if err := app.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Close(context.Background())

	// A device connects.
	device, err := net.Dial("tcp", readings.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	fmt.Fprint(device, "pump 2.5\npump 1\nhello\npump 3\n")

	alarm, err := listener.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer alarm.Close()
	lines := bufio.NewReader(alarm)
	for range 2 {
		line, _ := lines.ReadString('\n')
		fmt.Print(line)
	}
	// Output:
	// pump 2.5
	// pump 3
}
