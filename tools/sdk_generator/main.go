// Writes the SDK of one language from a package's schema, by Pulumi's own code generators; or the Python of resources that were imported.
//
// The official language hosts do the same for `pulumi package gen-sdk`; this is for machines that lack them. It is built from the engine's module
// (setup/engine/go.mod), so that generator and engine are of one version.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: %s <schema.json> python|nodejs|go <directory>, or <address of schemas> python-program <directory>", os.Args[0]))
	}
	files, err := asked(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fail(err)
	}
	for name, content := range files {
		if err := write(filepath.Join(os.Args[3], name), content); err != nil {
			fail(err)
		}
	}
}

func asked(from, what, directory string) (map[string][]byte, error) {
	if what == "python-program" {
		return program(from, directory)
	}
	pkg, err := read(from)
	if err != nil {
		return nil, err
	}
	return generate(pkg, what)
}

// The Python of the definitions (.pp) in a folder. The engine serves the schemas of what they name at the address.
func program(address, directory string) (map[string][]byte, error) {
	loader, err := schema.NewLoaderClient(address)
	if err != nil {
		return nil, err
	}
	parser := syntax.NewParser()
	names, err := filepath.Glob(filepath.Join(directory, "*.pp"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := parser.ParseFile(bytes.NewReader(content), filepath.Base(name)); err != nil {
			return nil, err
		}
	}
	if parser.Diagnostics.HasErrors() {
		return nil, parser.Diagnostics
	}
	bound, problems, err := pcl.BindProgram(parser.Files, schema.NewCachedLoader(loader))
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	files, problems, err := python.GenerateProgram(bound)
	if err == nil && problems.HasErrors() {
		return nil, problems
	}
	return files, err
}

// A schema is refused for a warning, too. It refers to no other package's types, so nothing has to load those.
func read(file string) (*schema.Package, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(content, &spec); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pkg, problems, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, problem := range problems {
		fmt.Fprintf(os.Stderr, "%s: %s %s\n", file, problem.Summary, problem.Detail)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s is no valid schema", file)
	}
	return pkg, nil
}

// Each generator is told the name of the host that it belongs to, for that name stands at the head of every file.
func generate(pkg *schema.Package, language string) (map[string][]byte, error) {
	switch language {
	case "python":
		return python.GeneratePackage("pulumi-language-python", pkg, nil, nil)
	case "nodejs":
		return nodejs.GeneratePackage("pulumi-language-nodejs", pkg, nil, nil, false, nil)
	case "go":
		return golang.GeneratePackage("pulumi-language-go", pkg, nil)
	}
	return nil, fmt.Errorf("%q: there are generators of python, nodejs and go", language)
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
