// A gRPC client of the standard health service, on as many connections as wanted at once.
//
// Prints a line for each answer: a serving status, or the code of the error.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io/ioutil"
	"log"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func main() {
	address := flag.String("address", "", "host and port")
	ca := flag.String("ca", "", "file of the certificate to trust; none means no TLS")
	certificate := flag.String("certificate", "", "file of the certificate to show; none means none")
	key := flag.String("key", "", "file of its key")
	service := flag.String("service", "", "whose health to ask for")
	connections := flag.Int("connections", 1, "how many to open")
	watch := flag.Bool("watch", false, "watch instead of checking, to the first answer")
	flag.Parse()
	log.SetFlags(0)

	security := grpc.WithInsecure()
	if *ca != "" {
		config, err := tlsConfig(*ca, *certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		security = grpc.WithTransportCredentials(credentials.NewTLS(config))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request := &health.HealthCheckRequest{Service: *service}
	ask := check
	if *watch {
		ask = watchOnce
	}

	// All are connected before the first one asks.
	var clients []health.HealthClient
	for len(clients) < *connections {
		conn, err := grpc.DialContext(ctx, *address, security, grpc.WithBlock())
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		clients = append(clients, health.NewHealthClient(conn))
	}
	var asked sync.WaitGroup
	for _, client := range clients {
		asked.Add(1)
		go func(client health.HealthClient) {
			defer asked.Done()
			answer, err := ask(ctx, client, request)
			if err != nil {
				fmt.Println(status.Code(err))
			} else {
				fmt.Println(answer.Status)
			}
		}(client)
	}
	asked.Wait()
}

func tlsConfig(ca, certificate, key string) (*tls.Config, error) {
	trusted, err := ioutil.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(trusted)
	if certificate != "" {
		shown, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{shown}
	}
	return config, nil
}

func check(ctx context.Context, client health.HealthClient, request *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	return client.Check(ctx, request)
}

func watchOnce(ctx context.Context, client health.HealthClient, request *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Watch(ctx, request)
	if err != nil {
		return nil, err
	}
	return stream.Recv()
}
