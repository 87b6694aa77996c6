package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// checkPart tells whether each paragraph of a block is in its file, line by line, apart from indentation.
func (b *block) checkPart() error {
	whole, err := os.ReadFile(b.partOf)
	if err != nil {
		return b.wrong("%v", err)
	}
	if b.kind == "sh" || b.kind == "cmake" {
		if !strings.Contains(string(whole), b.document) && !readsBeside(b.partOf, string(whole), b.document) {
			return b.wrong("%s does not run it: expected that it reads %s", b.partOf, b.document)
		}
		return nil
	}
	if !isTested(b.partOf) {
		return b.wrong("%s is run by no test: expected a test of Go, an example, or a program of tests/c", b.partOf)
	}
	for _, paragraph := range strings.Split(flush(b.text), "\n\n") {
		if !strings.Contains("\n"+flush(string(whole))+"\n", "\n"+paragraph+"\n") {
			return b.wrong("this is no part of %s:\n%s", b.partOf, paragraph)
		}
	}
	return nil
}

// readsBeside tells whether a program names a document that lies in its folder.
func readsBeside(program, text, document string) bool {
	return filepath.Dir(program) == filepath.Dir(document) && strings.Contains(text, strconv.Quote(filepath.Base(document)))
}

var tested = regexp.MustCompile(`^(go/.*_test\.go|go/examples/.*\.go|examples/.*\.c|tests/c/.*\.c)$`)

func isTested(file string) bool { return tested.MatchString(file) }

// flush takes indentation away.
func flush(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for index, line := range lines {
		lines[index] = strings.TrimLeft(line, " \t")
	}
	return strings.Join(lines, "\n")
}

var makeLine = regexp.MustCompile(`^(?:[A-Z_]+=\S+ )*make((?: +(?:[a-z-]+|[A-Z_]+=(?:"[^"]*"|'[^']*'|\S+)))*)\s*(?:#.*)?$`)

// checkTargets tells whether each line makes targets that there are.
func (b *block) checkTargets() error {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(b.text), "\n") {
		words := makeLine.FindStringSubmatch(line)
		if words == nil {
			return b.wrong("%q makes nothing: expected make and its targets, or <!-- run by SCRIPT --> above it", line)
		}
		for _, word := range strings.Fields(words[1]) {
			if !strings.ContainsAny(word, "=\"'") && !hasTarget(makefile, word) {
				return b.wrong("%q: the Makefile has no target %s", line, word)
			}
		}
	}
	return nil
}

var diagram = regexp.MustCompile(`^(flowchart (LR|TD)|stateDiagram-v2|sequenceDiagram)\n`)

func (b *block) checkDiagram() error {
	if !diagram.MatchString(b.text) {
		return b.wrong("it is no diagram: expected flowchart, stateDiagram-v2 or sequenceDiagram")
	}
	return nil
}
