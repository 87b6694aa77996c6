// Command shown checks the code that documents show: programs are compiled and run, and print what is shown
// below them; parts of programs are parts of files that other tests run; make targets exist, also those that a
// sentence names, and so does what is linked to; and every file of docs is linked to. It runs in the root of the
// repository, with the documents as arguments.
//
// What a fence says of its block:
//
//	c, go    a program; with `<!-- part of FILE -->` above it, a part of that file
//	output   what the program above it prints
//	sh       make targets; with `<!-- run by FILE -->` above it, what that script reads here and runs
//	cmake    the same, always with a script
//	mermaid  a diagram
//	text     no code
//
// A diagram of one line, with an arrow, needs no fence.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	failures, blocks := checkAll(os.Args[1:], filepath.Join("target", "shown"))
	failures = append(failures, checkReached("docs", "README.md", "ARCHITECTURE.md")...)
	failures = append(failures, checkComments("go/partita")...)
	failures = append(failures, checkComments("go/partita/partitatest")...)
	for _, failure := range failures {
		fmt.Println(failure)
	}
	fmt.Printf("%d blocks of code in %d documents\n", blocks, len(os.Args)-1)
	if len(failures) > 0 || blocks == 0 {
		os.Exit(1)
	}
}

// checkAll tells what is wrong with documents, and how many blocks of code they have. It builds in a directory
// of its own, three below the root.
func checkAll(documents []string, out string) (failures []error, blocks int) {
	var cPrograms, goPrograms []*block
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			return append(failures, err), blocks
		}
		found, err := blocksOf(document, string(text))
		if err != nil {
			failures = append(failures, err)
		}
		failures = append(failures, checkLinks(document, string(text))...)
		failures = append(failures, checkNamedTargets(document, string(text))...)
		for _, block := range found {
			blocks++
			switch {
			case block.partOf != "":
				failures = appendError(failures, block.checkPart())
			case block.kind == "c":
				cPrograms = append(cPrograms, block)
			case block.kind == "go":
				goPrograms = append(goPrograms, block)
			case block.kind == "sh" || block.kind == "cmake":
				failures = appendError(failures, block.checkTargets())
			case block.kind == "mermaid":
				failures = appendError(failures, block.checkDiagram())
			}
		}
	}
	failures = append(failures, runC(cPrograms, filepath.Join(out, "c"))...)
	return append(failures, runGo(goPrograms, filepath.Join(out, "go"))...), blocks
}

func appendError(failures []error, err error) []error {
	if err == nil {
		return failures
	}
	return append(failures, err)
}
