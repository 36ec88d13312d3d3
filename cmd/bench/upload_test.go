package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// The assets of BenchmarkUpload: a gigabyte.
const (
	largeAssets, largeAsset = 8, 100e6
	smallAssets, smallAsset = 200, 1e6
	uploadsAtOnce           = 4
)

// BenchmarkUpload submits a gigabyte of files to a manager, and then a changed
// file of them, and compares it with a bare server that hashes what it gets and
// does nothing else with it.
func BenchmarkUpload(b *testing.B) {
	b.Log(machine())
	var raws, ours [][]figure
	for range *rounds {
		files := assets(b)
		raw := rawUpload(b, files)
		mine := farmUpload(b, files)
		ratio := figure{"times-raw", raw[0].value / mine[0].value}
		raws, ours = append(raws, raw), append(ours, append(mine, ratio))
		os.RemoveAll(filepath.Dir(files[0].Source))
	}
	report(b, "raw", medians(raws))
	report(b, "farm", medians(ours))
}

// assets makes files that no compression would make smaller. They are in the
// system's memory afterwards.
func assets(b *testing.B) []api.SendFile {
	b.Helper()
	dir := newHome(b)
	random := rand.NewChaCha8([32]byte{byte(time.Now().UnixNano())})
	var files []api.SendFile
	for i := range largeAssets + smallAssets {
		size := int64(largeAsset)
		if i >= largeAssets {
			size = smallAsset
		}
		f := api.SendFile{Path: fmt.Sprintf("assets/%d.bin", i), Source: filepath.Join(dir, fmt.Sprint(i)), Size: size}
		to, err := os.Create(f.Source)
		if err != nil {
			b.Fatal(err)
		}
		sum := sha256.New()
		_, err = io.CopyN(io.MultiWriter(to, sum), random, size)
		if err == nil {
			err = to.Sync() // or writing it would be part of what is measured
		}
		if err != nil {
			b.Fatal(err)
		}
		to.Close()
		f.SHA = hex.EncodeToString(sum.Sum(nil))
		files = append(files, f)
	}
	return files
}

func sizeOf(files []api.SendFile) (bytes int64) {
	for _, f := range files {
		bytes += f.Size
	}
	return bytes
}

// rawUpload sends the files over loopback to a server that hashes them.
func rawUpload(b *testing.B, files []api.SendFile) []figure {
	b.Helper()
	buffers := sync.Pool{New: func() any { return new([256 << 10]byte) }}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := buffers.Get().(*[256 << 10]byte)
		defer buffers.Put(buffer)
		sum := sha256.New()
		if _, err := io.CopyBuffer(struct{ hash.Hash }{sum}, struct{ io.Reader }{r.Body}, buffer[:]); err != nil || "/"+hex.EncodeToString(sum.Sum(nil)) != r.URL.Path {
			http.Error(w, "wrong", http.StatusExpectationFailed)
		}
	}))
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: uploadsAtOnce}}
	defer client.CloseIdleConnections()
	queue := make(chan api.SendFile)
	var senders sync.WaitGroup
	began := time.Now()
	for range uploadsAtOnce {
		senders.Go(func() {
			for f := range queue {
				from, err := os.Open(f.Source)
				if err != nil {
					b.Error(err)
					continue
				}
				req, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL+"/"+f.SHA, from)
				req.ContentLength = f.Size
				res, err := client.Do(req)
				if err != nil || res.StatusCode != http.StatusOK {
					b.Errorf("the bare server: %v, %v", res, err)
					continue
				}
				res.Body.Close()
			}
		})
	}
	for _, f := range files {
		queue <- f
	}
	close(queue)
	senders.Wait()
	return []figure{{"MB/s", megabytes(sizeOf(files)) / time.Since(began).Seconds()}}
}

// farmUpload submits the files, then again with one of them changed.
func farmUpload(b *testing.B, files []api.SendFile) []figure {
	b.Helper()
	p := start(b, newHome(b), "serve")
	began := map[string]time.Time{}
	sending := api.Sending{Client: p.client(), Files: files, Checkout: "assets", Parallel: uploadsAtOnce, Progress: func(s api.SendProgress) {
		if _, ok := began[s.Stage]; !ok {
			began[s.Stage] = time.Now()
		}
	}}
	sent, err := sending.Send(b.Context())
	if err != nil || sent.Bytes != sizeOf(files) {
		b.Fatalf("%+v, %v\n%s", sent, err, p.log.String())
	}
	end := time.Now()
	most, err := mostMemory(p.pid())
	if err != nil {
		b.Log(err)
	}

	changed := files[len(files)-1]
	if err := os.WriteFile(changed.Source, []byte("something else"), 0o600); err != nil {
		b.Fatal(err)
	}
	for i := range files { // hashed anew, as a submitter would
		files[i].SHA, files[i].Size = "", 0
	}
	second := time.Now()
	again := api.Sending{Client: p.client(), Files: files, Checkout: "assets", Parallel: uploadsAtOnce}
	if sent, err = again.Send(b.Context()); err != nil {
		b.Fatal(err)
	}
	took := time.Since(second)
	p.stop()
	p.complaints()
	uploading := began[api.StageCheckout].Sub(began[api.StageUpload])
	return []figure{
		{"MB/s", megabytes(largeAssets*largeAsset+smallAssets*smallAsset) / uploading.Seconds()},
		{"checkout-s", end.Sub(began[api.StageCheckout]).Seconds()},
		{"peak-MB", megabytes(most)},
		{"again-bytes", float64(sent.Bytes)},
		{"again-s", took.Seconds()},
	}
}
