package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestParseLine(t *testing.T) {
	for line, want := range map[string]Stock{
		"MSFT,Jan 1 2000,39.81": {"MSFT", 39.81},
		"A,x,0":                 {"A", 0},
		"ibm,Jan 1 2000,+5.":    {"ibm", 5},
		"Ab,Jan 1 2000,.5":      {"Ab", 0.5},
		"IBM, ,1e3":             {"IBM", 1000},
		"IBM,x,1e-400":          {"IBM", 0},
	} {
		got, err := parseLine([]byte(line))
		if err != nil {
			t.Errorf("%q: %v", line, err)
		} else if *got != want {
			t.Errorf("%q: got %v, expected %v", line, *got, want)
		}
	}
}

func TestParseLineMalformed(t *testing.T) {
	const (
		fields = "expected 3 fields (symbol,date,price), got "
		symbol = "expected a symbol of one to four ASCII letters, got "
		price  = "expected a price, as 39.81, not negative, got "
	)
	for line, want := range map[string]string{
		"":                                 fields + "1",
		"IBM,x":                            fields + "2",
		"IBM,x,1,2":                        fields + "4",
		",x,1":                             symbol + `""`,
		"GOOGL,x,1":                        symbol + `"GOOGL"`,
		"BR.B,x,1":                         symbol + `"BR.B"`,
		" IBM,x,1":                         symbol + `" IBM"`,
		"I\x00M,x,1":                       symbol + `"I?M"`,
		"É,x,1":                            symbol + `"??"`,
		"0123456789012345678901234567,x,1": symbol + `"012345678901234567890123"...`,
		"IBM,,1":                           "expected a date, got nothing",
		"IBM,x,":                           price + `""`,
		"IBM,x,-1":                         price + `"-1"`,
		"IBM,x,-0":                         price + `"-0"`,
		"IBM,x,NaN":                        price + `"NaN"`,
		"IBM,x,Inf":                        price + `"Inf"`,
		"IBM,x,+inf":                       price + `"+inf"`,
		"IBM,x,1e400":                      price + `"1e400"`,
		"IBM,x,0x1p3":                      price + `"0x1p3"`,
		"IBM,x,1_0":                        price + `"1_0"`,
		"IBM,x, 1":                         price + `" 1"`,
		"IBM,x,1 ":                         price + `"1 "`,
		"IBM,x,1+1":                        price + `"1+1"`,
		"IBM,x,e5":                         price + `"e5"`,
		"IBM,x,.":                          price + `"."`,
		"IBM,x,$1":                         price + `"$1"`,
	} {
		_, err := parseLine([]byte(line))
		if err == nil {
			t.Errorf("%q: no error", line)
		} else if err.Error() != want {
			t.Errorf("%q: got error %q, expected %q", line, err, want)
		}
	}
}

// read gives the messages and the malformed lines of an input, one a line.
func read(t *testing.T, input string) (messages, malformed string) {
	t.Helper()
	err := readStocks(strings.NewReader(input), func(stock *Stock) error {
		messages += fmt.Sprintf("%s %g\n", stock.Symbol, stock.Price)
		return nil
	}, func(line int, err error) {
		malformed += fmt.Sprintf("%d: %v\n", line, err)
	})
	if err != nil {
		t.Errorf("%q: %v", input, err)
	}
	return messages, malformed
}

func TestReadStocks(t *testing.T) {
	long := strings.Repeat("x", longestLine)
	longest := "IBM," + strings.Repeat("x", longestLine-len("IBM,,1")) + ",1"
	huge := strings.Repeat("x", 100*longestLine)
	for name, test := range map[string]struct{ input, messages, malformed string }{
		"empty":             {"", "", ""},
		"header only":       {"symbol,date,price\n", "", ""},
		"header without LF": {"symbol,date,price", "", ""},
		"no header":         {"A,x,1\nB,x,2\n", "A 1\nB 2\n", ""},
		"header":            {"symbol,date,price\nA,x,1\n", "A 1\n", ""},
		"CRLF":              {"symbol,date,price\r\nA,x,1\r\nB,x,2\r\n", "A 1\nB 2\n", ""},
		"last line, no LF":  {"A,x,1\nB,x,2", "A 1\nB 2\n", ""},
		"last line, CR":     {"A,x,1\nB,x,2\r", "A 1\nB 2\n", ""},
		"second header": {"A,x,1\nsymbol,date,price\nB,x,2\n", "A 1\nB 2\n",
			"2: expected a symbol of one to four ASCII letters, got \"symbol\"\n"},
		"empty line": {"A,x,1\n\nB,x,2\n", "A 1\nB 2\n",
			"2: expected 3 fields (symbol,date,price), got 1\n"},
		"longest line":           {longest + "\nB,x,2\n", "IBM 1\nB 2\n", ""},
		"longest line, no LF":    {longest, "IBM 1\n", ""},
		"longer line":            {long + "x\nB,x,2\n", "B 2\n", "1: " + errLongLine.Error() + "\n"},
		"much longer line":       {huge + "\nB,x,2\n", "B 2\n", "1: " + errLongLine.Error() + "\n"},
		"much longer line, last": {"B,x,2\n" + huge, "B 2\n", "2: " + errLongLine.Error() + "\n"},
	} {
		messages, malformed := read(t, test.input)
		if messages != test.messages {
			t.Errorf("%s: got messages %q, expected %q", name, messages, test.messages)
		}
		if malformed != test.malformed {
			t.Errorf("%s: got malformed lines %q, expected %q", name, malformed, test.malformed)
		}
	}
}

func TestReadStocksEmbedded(t *testing.T) {
	messages, malformed := read(t, stocksCSV)
	if got := strings.Count(messages, "\n"); got != 560 {
		t.Errorf("got %d messages, expected 560", got)
	}
	if malformed != "" {
		t.Errorf("malformed lines: %s", malformed)
	}
	if !strings.HasSuffix(messages, "AAPL 223.02\n") {
		t.Error("the last message is not that of the last line")
	}
}

func TestReadStocksEndsEarly(t *testing.T) {
	enough := errors.New("enough")
	taken := 0
	err := readStocks(strings.NewReader("A,x,1\nB,x,2\n"), func(*Stock) error {
		taken++
		return enough
	}, func(int, error) {})
	if err != enough || taken != 1 {
		t.Errorf("got error %v after %d messages, expected %v after 1", err, taken, enough)
	}
}

func TestReadLineError(t *testing.T) {
	broken := errors.New("broken")
	reader, writer := io.Pipe()
	go func() {
		io.WriteString(writer, "A,x")
		writer.CloseWithError(broken)
	}()
	if line, err := readLine(bufio.NewReader(reader)); err != broken {
		t.Errorf("got line %q and error %v, expected error %v", line, err, broken)
	}
}
