// Package keyreader keeps an API key that is read in Lockbox, and reads it again: by age, and where a service refuses it.
// Copy this file; it needs nothing but the standard library.
package keyreader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const rest = 5 * time.Second

// Reader holds the secret of one key, for any number of goroutines. One reads at a time; a secret that is only old is
// used on by the others meanwhile, and kept where reading fails.
type Reader struct {
	// Read answers the secret.
	Read func(context.Context) (string, error)
	// MaxAge is after how long it is read again: at most a quarter of the key's overlap.
	MaxAge time.Duration

	reading      sync.Mutex
	state        sync.Mutex
	begun        int
	secret       string
	failure      error
	nextReading  time.Time
	uselessUntil time.Time
}

// Secret is the secret to use now; an error as long as none could be read.
func (r *Reader) Secret(ctx context.Context) (string, error) {
	secret, begun, due := r.now()
	if secret == "" {
		r.reading.Lock()
		defer r.reading.Unlock()
		if kept, since, _ := r.now(); kept == "" && since == begun {
			r.readAgain(ctx)
		}
		kept, _, _ := r.now()
		if kept == "" {
			return "", fmt.Errorf("the key could not be read: %w", r.failure)
		}
		return kept, nil
	}
	if due && r.reading.TryLock() {
		defer r.reading.Unlock()
		if _, _, stillDue := r.now(); stillDue {
			r.readAgain(ctx)
		}
		secret, _, _ = r.now()
	}
	return secret, nil
}

// Refused tells that a service answered 401 to secret: what to use now, which is the same where there is nothing newer.
func (r *Reader) Refused(ctx context.Context, secret string) string {
	kept, begun, _ := r.now()
	if kept != secret || time.Now().Before(r.useless()) {
		return kept
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	// Not where a reading began since this one was refused. One that was under way by then may have come too early.
	if kept, since, _ := r.now(); kept == secret && since == begun {
		r.readAgain(ctx)
		r.state.Lock()
		if r.secret == secret {
			r.uselessUntil = time.Now().Add(rest)
		}
		r.state.Unlock()
	}
	kept, _, _ = r.now()
	return kept
}

func (r *Reader) now() (secret string, begun int, due bool) {
	r.state.Lock()
	defer r.state.Unlock()
	return r.secret, r.begun, !time.Now().Before(r.nextReading)
}

func (r *Reader) useless() time.Time {
	r.state.Lock()
	defer r.state.Unlock()
	return r.uselessUntil
}

func (r *Reader) readAgain(ctx context.Context) {
	r.state.Lock()
	r.begun++
	r.state.Unlock()
	at := time.Now()
	secret, err := r.Read(ctx)
	r.state.Lock()
	defer r.state.Unlock()
	if err != nil || secret == "" {
		r.failure, r.nextReading = errors.Join(err, errors.New("nothing was read")), time.Now().Add(rest)
		return
	}
	r.secret, r.nextReading = secret, at.Add(r.MaxAge)
}

// Lockbox reads an entry of a secret's current version, as the machine's own account.
type Lockbox struct {
	SecretID, Entry string
	// Metadata and Payload are addresses; empty: those of Yandex Cloud.
	Metadata, Payload string
}

// Read answers the entry.
func (l Lockbox) Read(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var login struct {
		Token string `json:"access_token"`
	}
	token := or(l.Metadata, "http://169.254.169.254") + "/computeMetadata/v1/instance/service-accounts/default/token"
	if err := get(ctx, token, "Metadata-Flavor", "Google", &login); err != nil {
		return "", err
	}
	var payload struct {
		Entries []struct {
			Key  string `json:"key"`
			Text string `json:"textValue"`
		} `json:"entries"`
	}
	// Without a version: what a rotation delivers becomes the current one.
	secret := or(l.Payload, "https://payload.lockbox.api.cloud.yandex.net") + "/lockbox/v1/secrets/" + l.SecretID + "/payload"
	if err := get(ctx, secret, "Authorization", "Bearer "+login.Token, &payload); err != nil {
		return "", err
	}
	for _, entry := range payload.Entries {
		if entry.Key == l.Entry {
			return entry.Text, nil
		}
	}
	return "", fmt.Errorf("the secret has no entry %s", l.Entry)
}

func get(ctx context.Context, url, header, value string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set(header, value)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func or(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}
