package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// discard reads frames from one client, throws them away, and says how many there were.
func discard() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	client, err := listener.Accept()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	reader := bufio.NewReaderSize(client, 1<<18)
	count := uint64(0)
	for {
		head, err := reader.Peek(4)
		if err != nil {
			break
		}
		if _, err := reader.Discard(4 + int(binary.BigEndian.Uint32(head))); err != nil {
			break
		}
		count++
	}
	_ = binary.Write(client, binary.BigEndian, count)
	client.Close()
}

// discardRate is how many bytes a second such a process reads.
func discardRate(frames []byte) (float64, error) {
	command := exec.Command(os.Args[0], "-discard")
	command.Stderr = os.Stderr
	said, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	address, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		return 0, err
	}
	client, err := net.Dial("tcp", strings.TrimSpace(address))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	began := time.Now()
	if _, err := client.Write(frames); err != nil {
		return 0, err
	}
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		return 0, err
	}
	var told [8]byte
	if _, err := io.ReadFull(client, told[:]); err != nil {
		return 0, err
	}
	rate := float64(len(frames)) / time.Since(began).Seconds()
	return rate, command.Wait()
}
