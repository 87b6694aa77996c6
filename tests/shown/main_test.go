package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const fence = "```"

const prints = "#include <stdio.h>\nint main(void) { return puts(\"one\") < 0; }\n"

// planted are documents with a fault, and what is said of each.
var planted = map[string]struct{ text, says string }{
	"a block of no kind":              {fence + "\nx\n" + fence, "its kind is"},
	"an indented block":               {"See:\n\n    make bread\n", "by indentation alone"},
	"an open block":                   {fence + "c\nint x;\n", "it is never closed"},
	"an output of nothing":            {fence + "output\nx\n" + fence, "the output of nothing"},
	"a missing target":                {fence + "sh\nmake bread\n" + fence, "no target bread"},
	"a missing target in a sentence":  {"Run `X=1 make\ntest bread CRUST=1`.", "no target bread"},
	"another command":                 {fence + "sh\nrm -rf /\n" + fence, "makes nothing"},
	"a part of nothing":               {"<!-- part of tests/c/digits.c -->\n" + fence + "c\nint no = 7;\n" + fence, "no part of"},
	"a part of what no test runs":     {"<!-- part of build.rs -->\n" + fence + "c\nint x;\n" + fence, "run by no test"},
	"a link to nothing":               {"[x](nowhere.md)", "is not there"},
	"a link to no heading":            {"# A\n[x](#b)", "is no heading"},
	"a diagram that is none":          {fence + "mermaid\nx\n" + fence, "no diagram"},
	"a program that is wrong":         {fence + "c\nint main(void) { return x; }\n" + fence, "does not compile"},
	"a program with a warning":        {fence + "c\nint main(int n) { return 0; }\n" + fence, "does not compile"},
	"a program that fails":            {fence + "c\nint main(void) { return 1; }\n" + fence, "it fails"},
	"another output":                  {fence + "c\n" + prints + fence + "\n" + fence + "output\ntwo\n" + fence, "it prints\none"},
	"an output that is not shown":     {fence + "c\n" + prints + fence, "is not shown"},
	"a program that vet objects to":   {fence + "go\npackage main\n\nimport \"fmt\"\n\nfunc main() { fmt.Printf(\"%d\", \"\") }\n" + fence, "go vet"},
	"a program that is not formatted": {fence + "go\npackage main\nfunc main() {  }\n" + fence, "gofmt"},
}

func TestEveryPlantedFaultIsFound(t *testing.T) {
	t.Chdir("../..")
	for name, fault := range planted {
		document := filepath.Join(t.TempDir(), "planted.md")
		if err := os.WriteFile(document, []byte(fault.text), 0o666); err != nil {
			t.Fatal(err)
		}
		failures, _ := checkAll([]string{document}, filepath.Join("target", "shown", "planted"))
		if len(failures) != 1 || !strings.Contains(failures[0].Error(), fault.says) {
			t.Errorf("%s: %v, expected one failure with %q", name, failures, fault.says)
		}
	}
}

func TestADocumentWithoutFaultsPasses(t *testing.T) {
	t.Chdir("../..")
	document := filepath.Join(t.TempDir(), "right.md")
	text := fmt.Sprintf("# A\n[x](#a)\n%[1]sc\n%[2]s%[1]s\n%[1]soutput\none\n%[1]s\n%[1]ssh\nmake test\n%[1]s\n", fence, prints)
	if err := os.WriteFile(document, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if failures, blocks := checkAll([]string{document}, filepath.Join("target", "shown", "planted")); len(failures) != 0 || blocks != 2 {
		t.Errorf("%d blocks, failures: %v", blocks, failures)
	}
}

func TestAFileThatNothingLeadsToIsFound(t *testing.T) {
	folder := t.TempDir()
	document := filepath.Join(folder, "README.md")
	docs := filepath.Join(folder, "docs")
	err := errors.Join(
		os.Mkdir(docs, 0o777),
		os.WriteFile(filepath.Join(docs, "a.md"), nil, 0o666),
		os.WriteFile(filepath.Join(docs, "b.md"), nil, 0o666),
		os.WriteFile(document, []byte("[a](docs/a.md#x)\n"+fence+"text\n[b](docs/b.md)\n"+fence), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	failures := checkReached(docs, document)
	if len(failures) != 1 || !strings.Contains(failures[0].Error(), "b.md: nothing leads there") {
		t.Errorf("failures: %v, expected one of b.md", failures)
	}
}
