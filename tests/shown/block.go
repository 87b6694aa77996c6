package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// block is a block of code in a document.
type block struct {
	document string
	line     int
	// kind is what the fence says.
	kind string
	text string
	// partOf is the file that has it.
	partOf string
	// output is what it prints, if the document shows that.
	output *string
}

var kinds = map[string]bool{"c": true, "go": true, "sh": true, "cmake": true, "output": true, "mermaid": true, "text": true}

var partOf = regexp.MustCompile(`^<!-- (?:part of|run by) (\S+) -->$`)

// blocksOf cuts blocks out of a document.
func blocksOf(document, text string) (blocks []*block, err error) {
	var current *block
	var last *block // the block right above, for its output
	from := ""
	above := ""
	for index, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && current == nil:
			current = &block{document: document, line: index + 1, kind: fence, partOf: from}
			from = ""
		case isFence:
			if wrong := current.place(&blocks, last); wrong != nil && err == nil {
				err = wrong
			}
			last, current = current, nil
		case current != nil:
			current.text += line + "\n"
		case partOf.MatchString(line):
			from = partOf.FindStringSubmatch(line)[1]
		case strings.HasPrefix(line, "    ") && above == "" && !strings.Contains(line, "-->"):
			return blocks, fmt.Errorf("%s:%d: it is code by indentation alone: expected a fence that says what it is", document, index+1)
		}
		above = line
	}
	if current != nil {
		return blocks, current.wrong("it is never closed")
	}
	return blocks, err
}

// place puts a block behind the others, or an output to its program.
func (b *block) place(blocks *[]*block, last *block) error {
	switch {
	case !kinds[b.kind]:
		return b.wrong("its kind is %q: expected one of c, cmake, go, output, sh, mermaid, text", b.kind)
	case b.kind == "text":
		return nil
	case b.kind != "output":
		*blocks = append(*blocks, b)
		return nil
	case last == nil || last.kind != "c" && last.kind != "go" || last.partOf != "":
		return b.wrong("it is the output of nothing: expected a program above it")
	}
	last.output = &b.text
	return nil
}

func (b *block) wrong(format string, arguments ...any) error {
	return fmt.Errorf("%s:%d: %s", b.document, b.line, fmt.Sprintf(format, arguments...))
}

// name is one that no other block has, for a file.
func (b *block) name() string {
	base := strings.TrimSuffix(b.document, ".md")
	return fmt.Sprintf("%s_%d", strings.NewReplacer("/", "_", ".", "_", string(filepath.Separator), "_").Replace(base), b.line)
}
