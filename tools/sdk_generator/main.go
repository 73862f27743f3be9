// Writes the SDK of one language from a package's schema, by Pulumi's own code generators.
//
// The official language hosts do the same for `pulumi package gen-sdk`; this is for machines that lack them. It is built from the engine's module
// (setup/engine/go.mod), so that generator and engine are of one version.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: %s <schema.json> python|nodejs|go <directory>", os.Args[0]))
	}
	pkg, err := read(os.Args[1])
	if err != nil {
		fail(err)
	}
	files, err := generate(pkg, os.Args[2])
	if err != nil {
		fail(err)
	}
	for name, content := range files {
		if err := write(filepath.Join(os.Args[3], name), content); err != nil {
			fail(err)
		}
	}
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
