// A control plane for the tests: etcd and kube-apiserver in one process, on 127.0.0.1, in a directory that is thrown
// away. Ends when its standard input does, so that it never outlives the tests that started it.
//
//	control-plane DIRECTORY PORT
//
// The directory holds token-auth.csv and the service account keys before, and the API server's certificate after.
package main

import (
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: control-plane DIRECTORY PORT [FLAG OF KUBE-APISERVER…]")
	}
	directory, err := filepath.Abs(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	port := os.Args[2]
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	socket, err := startEtcd(directory)
	if err != nil {
		log.Fatalf("etcd: %v", err)
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{
		"--etcd-servers=" + socket,
		"--bind-address=127.0.0.1",
		"--secure-port=" + port,
		"--cert-dir=" + filepath.Join(directory, "certificates"),
		"--token-auth-file=" + filepath.Join(directory, "token-auth.csv"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + filepath.Join(directory, "service-account.pem"),
		"--service-account-signing-key-file=" + filepath.Join(directory, "service-account.pem"),
		"--service-cluster-ip-range=10.0.0.0/24",
		"--authorization-mode=RBAC",
	}, os.Args[3:]...))
	if err := command.Execute(); err != nil {
		log.Fatalf("kube-apiserver: %v", err)
	}
}

// Answers with the address of an etcd that listens on sockets in the directory alone. That becomes the working
// directory: etcd takes nothing but HOST:PORT for an address, which is the name of a file then.
func startEtcd(directory string) (string, error) {
	if err := os.Chdir(directory); err != nil {
		return "", err
	}
	config := embed.NewConfig()
	config.Dir = filepath.Join(directory, "etcd")
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	client, peer := url.URL{Scheme: "unix", Host: "localhost:1"}, url.URL{Scheme: "unix", Host: "localhost:2"}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return client.String(), nil
	case <-time.After(time.Minute):
		return "", fmt.Errorf("not ready after a minute")
	}
}
