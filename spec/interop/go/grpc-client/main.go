// A gRPC client of the standard health service, on as many connections as wanted at once.
//
// Prints a line for each answer: a serving status, or the code of the error.
package main

import (
	"context"
	"flag"
	"fmt"
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
	service := flag.String("service", "", "whose health to ask for")
	connections := flag.Int("connections", 1, "how many to open")
	watch := flag.Bool("watch", false, "watch instead of checking, to the first answer")
	flag.Parse()
	log.SetFlags(0)

	security := grpc.WithInsecure()
	if *ca != "" {
		trusted, err := credentials.NewClientTLSFromFile(*ca, "")
		if err != nil {
			log.Fatal(err)
		}
		security = grpc.WithTransportCredentials(trusted)
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
