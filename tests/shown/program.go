package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// runC compiles and runs programs in C.
func runC(programs []*block, out string) []error {
	if err := empty(out); err != nil {
		return []error{err}
	}
	return each(programs, func(b *block) error {
		source, program := filepath.Join(out, b.name()+".c"), filepath.Join(out, b.name())
		if err := os.WriteFile(source, []byte(b.text), 0o666); err != nil {
			return err
		}
		compiler := os.Getenv("CC")
		if compiler == "" {
			compiler = "cc"
		}
		_, err := command(".", compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread", "-Iinclude",
			source, "target/dist/libpartita.a", "-lm", "-o", program)
		if err != nil {
			return b.wrong("it does not compile: %v", err)
		}
		return b.run(program)
	})
}

// runGo compiles programs in Go as one module, looks at them with vet and gofmt, and runs them; what is a test
// is run with go test.
func runGo(programs []*block, out string) []error {
	if err := errors.Join(empty(out), writeModule(out)); err != nil {
		return []error{err}
	}
	for _, b := range programs {
		file := "main.go"
		if strings.Contains(b.text, "\"testing\"\n") {
			file = "shown_test.go"
		}
		folder := filepath.Join(out, b.name())
		err := errors.Join(os.Mkdir(folder, 0o777), os.WriteFile(filepath.Join(folder, file), []byte(b.text), 0o666))
		if err != nil {
			return []error{err}
		}
	}
	if len(programs) == 0 {
		return nil
	}
	if unformatted, err := command(out, "gofmt", "-l", "."); err != nil || unformatted != "" {
		return []error{fmt.Errorf("gofmt changes %s: %w", unformatted, errors.Join(err, errors.New("expected nothing")))}
	}
	for _, arguments := range [][]string{{"vet", "./..."}, {"build", "-o", "programs/", "./..."}, {"test", "./..."}} {
		if _, err := command(out, "go", arguments...); err != nil {
			return []error{fmt.Errorf("go %s: %w", arguments[0], err)}
		}
	}
	return each(programs, func(b *block) error {
		if strings.Contains(b.text, "\"testing\"\n") {
			return nil
		}
		return b.run(filepath.Join(out, "programs", b.name()))
	})
}

// writeModule makes a module beside that of the repository, which it uses.
func writeModule(out string) error {
	text, err := os.ReadFile("go/go.mod")
	if err != nil {
		return err
	}
	root, err := filepath.Abs("go")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	module := "module shown\n" + strings.ReplaceAll(rest, "=> ./", "=> "+root+"/") +
		"\nrequire github.com/partita-stream/partita/go v0.0.0\nreplace github.com/partita-stream/partita/go => " + root + "\n"
	return os.WriteFile(filepath.Join(out, "go.mod"), []byte(module), 0o666)
}

// run runs the program of a block, which must succeed and print what is shown.
func (b *block) run(program string) error {
	printed, err := command(".", program)
	if err != nil {
		return b.wrong("it fails: %v", err)
	}
	if b.output == nil && printed != "" {
		return b.wrong("what it prints is not shown:\n%s", printed)
	}
	if b.output != nil && printed != *b.output {
		return b.wrong("it prints\n%sexpected\n%s", printed, *b.output)
	}
	return nil
}

// command runs a command for half a minute at most, or a minute and a half for a compiler; its error has what
// the command said.
func command(folder, name string, arguments ...string) (string, error) {
	limit := 30 * time.Second
	if name == "go" {
		limit = 3 * limit
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if !strings.HasPrefix(name, "/") && strings.Contains(name, "/") {
		name = "./" + name
	}
	run := exec.CommandContext(ctx, name, arguments...)
	var said bytes.Buffer
	run.Dir, run.Stderr = folder, &said
	printed, err := run.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s%s", err, printed, said.String())
	}
	return string(printed), err
}

// each does something with each block, as many at once as there are processors.
func each(blocks []*block, do func(*block) error) []error {
	failures := make([]error, len(blocks))
	room := make(chan struct{}, runtime.NumCPU())
	var all sync.WaitGroup
	for index, b := range blocks {
		all.Add(1)
		go func() {
			defer all.Done()
			room <- struct{}{}
			defer func() { <-room }()
			failures[index] = do(b)
		}()
	}
	all.Wait()
	var real []error
	for _, failure := range failures {
		real = appendError(real, failure)
	}
	return real
}

func empty(folder string) error {
	return errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o777))
}
