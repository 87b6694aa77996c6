package main

import (
	"encoding/binary"
	"fmt"
	"math"
)

// symbol names a stock: four bytes, padded with spaces. As a number it is a key that costs no memory.
type symbol uint32

func symbolOf(name [4]byte) symbol { return symbol(binary.BigEndian.Uint32(name[:])) }

// quote is a bid and an offer.
type quote struct {
	symbol     [4]byte
	bid, offer float64
}

func (quote quote) key() symbol { return symbolOf(quote.symbol) }

// order is an order.
type order struct {
	side            byte
	account         uint32
	id              [6]byte
	symbol          [4]byte
	quantity, price float64
}

func (order order) key() symbol { return symbolOf(order.symbol) }

// result is an order that is rejected, and why.
type result struct {
	order      order
	bid, offer float64
	timestamp  uint64
}

// The first byte of a frame says what it is. Times are not looked at.
const (
	orderType = 1
	quoteType = 2
	orderLen  = 1 + 1 + 4 + 6 + 4 + 8 + 8 + timeLen
	quoteLen  = 1 + 4 + timeLen + 8 + 8
	timeLen   = 21
	resultLen = 2 + 4 + 6 + 4 + 4*8 + 8
)

func checkFrame(frame []byte, kind byte, size int) error {
	switch {
	case len(frame) != size:
		return fmt.Errorf("a frame of %d bytes: expected %d", len(frame), size)
	case frame[0] != kind:
		return fmt.Errorf("a frame of type %d: expected %d", frame[0], kind)
	}
	return nil
}

// decodeQuote reads type, symbol, time, bid and offer.
func decodeQuote(frame []byte) (quote, bool, error) {
	if err := checkFrame(frame, quoteType, quoteLen); err != nil {
		return quote{}, false, err
	}
	return quote{
		symbol: padded(frame[1:5]),
		bid:    float(frame[26:]),
		offer:  float(frame[34:]),
	}, true, nil
}

// decodeOrder reads type, side, account, id, symbol, quantity, price and time.
func decodeOrder(frame []byte) (order, bool, error) {
	if err := checkFrame(frame, orderType, orderLen); err != nil {
		return order{}, false, err
	}
	return order{
		side:     frame[1],
		account:  binary.BigEndian.Uint32(frame[2:]),
		id:       [6]byte(frame[6:12]),
		symbol:   padded(frame[12:16]),
		quantity: float(frame[16:]),
		price:    float(frame[24:]),
	}, true, nil
}

// encodeResult writes its length, and side, account, id, symbol, quantity, price, bid, offer and time.
func encodeResult(out []byte, result result) ([]byte, error) {
	order := &result.order
	out = binary.BigEndian.AppendUint32(out, resultLen)
	out = binary.BigEndian.AppendUint16(out, uint16(order.side))
	out = binary.BigEndian.AppendUint32(out, order.account)
	out = append(out, order.id[:]...)
	out = append(out, order.symbol[:]...)
	for _, number := range []float64{order.quantity, order.price, result.bid, result.offer} {
		out = binary.BigEndian.AppendUint64(out, math.Float64bits(number))
	}
	return binary.BigEndian.AppendUint64(out, result.timestamp), nil
}

func float(bytes []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(bytes)) }

// padded makes a symbol of four bytes: what is 0 behind it is a space.
func padded(bytes []byte) [4]byte {
	symbol := [4]byte(bytes)
	for i := 3; i >= 0 && symbol[i] == 0; i-- {
		symbol[i] = ' '
	}
	return symbol
}
