// Shows what an access token says that comes by standard input: access-token ISSUER AUDIENCE.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := show(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(issuer, audience string) error {
	tokens, err := NewAccessTokens(context.Background(), issuer, audience)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	claims, err := tokens.Claims(strings.TrimSpace(string(raw)))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(claims)
}
