package main

import (
	"context"
	"errors"
	"strings"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// AccessTokens checks access tokens of Latchkey's (RFC 9068, section 4).
type AccessTokens struct {
	issuer, audience string
	keys             keyfunc.Keyfunc
}

// NewAccessTokens fetches the keys of an organization at Latchkey, keeps them, and fetches them anew in the background and
// for a key that it does not know. The issuer is the organization's URL, the audience what this API calls itself.
func NewAccessTokens(ctx context.Context, issuer, audience string) (*AccessTokens, error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{issuer + "/.well-known/jwks.json"})
	return &AccessTokens{issuer, audience, keys}, err
}

// Claims says what an access token says, and an error when it does not count.
func (t *AccessTokens) Claims(raw string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	token, err := jwt.ParseWithClaims(raw, claims, t.keys.Keyfunc, jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithIssuer(t.issuer), jwt.WithAudience(t.audience), jwt.WithExpirationRequired())
	if err != nil {
		return nil, err
	}
	if typ, _ := token.Header["typ"].(string); !strings.EqualFold(typ, "at+jwt") {
		return nil, errors.New("no access token")
	}
	if subject, err := claims.GetSubject(); err != nil || subject == "" {
		return nil, errors.New("of nobody")
	}
	return claims, nil
}
