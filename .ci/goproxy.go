// Command goproxy packs Go modules as a proxy serves them, into files: with GOPROXY=file://DIRECTORY a Go
// command finds them there. Its arguments are the directory, the version and the roots of the modules. Equal
// modules become equal files.
package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
)

func main() {
	out, version := os.Args[1], os.Args[2]
	for _, root := range os.Args[3:] {
		if err := pack(out, version, root); err != nil {
			log.Fatalf("goproxy: %s: %v", root, err)
		}
	}
}

// pack writes the four files of a version of the module at root.
func pack(out, version, root string) error {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	path, err := pathOf(mod)
	if err != nil {
		return err
	}
	archive, err := zipped(root, path+"@v"+version)
	if err != nil {
		return err
	}
	dir := filepath.Join(out, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"list":                  []byte("v" + version + "\n"),
		"v" + version + ".info": fmt.Appendf(nil, "{\"Version\":\"v%s\"}\n", version),
		"v" + version + ".mod":  mod,
		"v" + version + ".zip":  archive,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pathOf reads the path of the module from its go.mod.
func pathOf(mod []byte) (string, error) {
	line, _, _ := bytes.Cut(mod, []byte("\n"))
	path, found := bytes.CutPrefix(line, []byte("module "))
	if !found {
		return "", fmt.Errorf("the first line of go.mod is %q, and not the module's path", line)
	}
	return string(path), nil
}

// zipped packs the files of a module, without the modules inside of it, each below prefix.
func zipped(root, prefix string) ([]byte, error) {
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	add := func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != root && isModule(file):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		return addFile(archive, prefix, root, file)
	}
	if err := filepath.WalkDir(root, add); err != nil {
		return nil, err
	}
	err := archive.Close()
	return packed.Bytes(), err
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func addFile(archive *zip.Writer, prefix, root, file string) error {
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	entry, err := archive.Create(prefix + "/" + filepath.ToSlash(relative))
	if err != nil {
		return err
	}
	_, err = entry.Write(content)
	return err
}
