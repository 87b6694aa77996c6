package partita

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func TestPlainValuesAreShownAsFmtDoes(t *testing.T) {
	type inner struct {
		text string
		list []byte
	}
	number := 7
	for _, value := range []any{
		nil, true, 7, -7, uint8(200), 1.5, float32(0.1), 1e9, 2i, "text", "", errors.New("an error"),
		inner{"a", []byte{1, 2}}, &inner{}, [2]bool{true}, []any{1, nil, "x", inner{}}, []int(nil),
		map[string]int{"a": 1}, &map[string]int{"a": 1}, map[string]int(nil), (*inner)(nil), &number,
		struct {
			next *int
			any  any
		}{&number, &number},
	} {
		if got, want := show(value), fmt.Sprintf("%v", value); got != want {
			t.Errorf("a %T is shown as %s, expected %s", value, got, want)
		}
	}
}

type nasty struct{ how func() string }

func (nasty nasty) String() string { return nasty.how() }

func TestShowingAValueSurvivesItsMethods(t *testing.T) {
	if got := show(nasty{func() string { return "fine" }}); got != "fine" {
		t.Errorf("got %q", got)
	}
	for name, how := range map[string]func() string{
		"panics":      func() string { panic("no") },
		"exits":       func() string { runtime.Goexit(); return "" },
		"is too long": func() string { return strings.Repeat("x", 1<<20) },
	} {
		got := show(nasty{how})
		if got != "a partita.nasty" && !strings.HasPrefix(got, "xxx") || len(got) > shownMax {
			t.Errorf("a method that %s: %q", name, got)
		}
	}
}

// A worker that failed used to wait for ever if the message's String takes a lock that the failed
// computation still has.
func TestShowingAValueDoesNotWaitForALock(t *testing.T) {
	var lock sync.Mutex
	lock.Lock()
	defer lock.Unlock()
	got := show(nasty{func() string {
		lock.Lock()
		defer lock.Unlock()
		return "late"
	}})
	if got != "a partita.nasty" {
		t.Errorf("got %q", got)
	}
}

// A value that contains itself used to end the process: formatting it overflowed the stack.
func TestShowingAValueThatContainsItselfEnds(t *testing.T) {
	loop := map[string]any{}
	loop["loop"] = loop
	list := make([]any, 100)
	for i := range list {
		list[i] = list
	}
	for _, value := range []any{loop, &loop, list} {
		if got := show(value); !strings.Contains(got, "...") || len(got) > shownMax {
			t.Errorf("got %q", got)
		}
	}
}

// A message used to be formatted whole, several times its size in memory, to keep 512 bytes of it.
func TestShowingALargeValueTakesLittleMemory(t *testing.T) {
	large := make([]byte, 32<<20)
	for name, value := range map[string]any{
		"bytes": large, "text": string(large), "structs": make([]struct{}, 1<<40), "in a struct": struct{ a, b any }{large, large},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := show(value)
		runtime.ReadMemStats(&after)
		if len(got) > shownMax || !strings.HasSuffix(got, "...") {
			t.Errorf("%s: %q", name, got)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
			t.Errorf("%s: it took %d bytes", name, taken)
		}
	}
}

func TestCutTextIsValidAndShort(t *testing.T) {
	for _, text := range []string{"", "abc", "äöü", "日本語テキスト", "bad \xff bytes", strings.Repeat("\xff", 40), strings.Repeat("x", 40)} {
		for size := range 20 {
			got := cut(text, size, "...")
			if len(got) > size || !utf8.ValidString(got) {
				t.Errorf("cut(%q, %d) is %q", text, size, got)
			}
		}
	}
	if got := cut("abc", 3, "..."); got != "abc" {
		t.Errorf("got %q", got)
	}
}
