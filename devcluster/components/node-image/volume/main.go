// Command volume makes and removes the folder behind a local volume. The
// storage provisioner runs it in a pod on the volume's node, as
// `volume -p PATH -s BYTES -m MODE -a create|delete`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// Any user of the claiming pod may write to its volume.
const folderMode = 0o777

func main() {
	path := flag.String("p", "", "absolute path of the volume's folder")
	action := flag.String("a", "", "create or delete")
	flag.Int64("s", 0, "requested size in bytes (a folder cannot enforce it)")
	flag.String("m", "", "volume mode")
	flag.Parse()
	if err := run(*path, *action); err != nil {
		fmt.Fprintln(os.Stderr, "volume:", err)
		os.Exit(1)
	}
}

func run(path, action string) error {
	if !filepath.IsAbs(path) || filepath.Dir(filepath.Clean(path)) == "/" {
		return fmt.Errorf("%q is not the absolute path of a folder below a volume root", path)
	}
	switch action {
	case "create":
		if err := os.MkdirAll(path, folderMode); err != nil {
			return err
		}
		return os.Chmod(path, folderMode) // MkdirAll obeys the umask
	case "delete":
		return os.RemoveAll(path)
	default:
		return fmt.Errorf("unknown action %q: want create or delete", action)
	}
}
