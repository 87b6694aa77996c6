package main

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// shownPrograms has programs of which doc comments show parts.
const shownPrograms = "go/partita/internal/shown"

// checkComments tells which code in the doc comments of a package is no part of the package's tests, nor of the
// programs that are there for that. A diagram has an arrow.
func checkComments(folder string) (failures []error) {
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	programs, _ := filepath.Glob(filepath.Join(shownPrograms, "*_test.go"))
	files = append(files, programs...)
	tests, sources := "", []string{}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			sources = append(sources, file)
		} else if text, err := os.ReadFile(file); err == nil {
			tests += "\n" + flush(string(text)) + "\n"
		}
	}
	for _, source := range sources {
		parsed, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
		if err != nil {
			return append(failures, err)
		}
		for _, text := range docs(parsed) {
			for _, content := range new(comment.Parser).Parse(text).Content {
				code, is := content.(*comment.Code)
				if !is || strings.Contains(code.Text, "-->") {
					continue
				}
				for _, paragraph := range strings.Split(flush(code.Text), "\n\n") {
					if !strings.Contains(tests, "\n"+paragraph+"\n") {
						failures = append(failures, fmt.Errorf("%s: this is no part of the package's tests:\n%s", source, paragraph))
					}
				}
			}
		}
	}
	return failures
}

// docs are the comments of a file that are documentation.
func docs(file *ast.File) (texts []string) {
	ast.Inspect(file, func(node ast.Node) bool {
		var group *ast.CommentGroup
		switch node := node.(type) {
		case *ast.File:
			group = node.Doc
		case *ast.FuncDecl:
			group = node.Doc
		case *ast.GenDecl:
			group = node.Doc
		case *ast.TypeSpec:
			group = node.Doc
		case *ast.ValueSpec:
			group = node.Doc
		case *ast.Field:
			group = node.Doc
		}
		if group != nil {
			texts = append(texts, group.Text())
		}
		return true
	})
	return texts
}
