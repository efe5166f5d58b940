// Prints the entries of each file, as Go's libraries find them in the first stream.
package main

import (
	"archive/tar"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

func unpacked(path string, file io.Reader) (io.Reader, error) {
	switch filepath.Ext(path) {
	case ".gz":
		return gzip.NewReader(file)
	case ".bz2":
		return bzip2.NewReader(file), nil
	case ".xz":
		return xz.ReaderConfig{SingleStream: true}.NewReader(file)
	default:
		return zstd.NewReader(file)
	}
}

func entries(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := unpacked(path, file)
	if err != nil {
		return nil, err
	}
	var names []string
	archive := tar.NewReader(content)
	for {
		entry, err := archive.Next()
		if err == io.EOF {
			_, err := io.Copy(io.Discard, content)
			return names, err
		}
		if err != nil {
			return nil, err
		}
		names = append(names, entry.Name)
	}
}

func main() {
	for _, path := range os.Args[1:] {
		names, err := entries(path)
		if err != nil {
			panic(err)
		}
		fmt.Println(strings.Join(names, " "))
	}
}
