package main

import (
	"git.example.com/us/pulumi-yandex-keys/sdk/go/yandexkeys"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		// An account with its roles, its Lockbox secret and its key.
		translator, err := yandexkeys.NewServiceAccountKeys(ctx, "translator", &yandexkeys.ServiceAccountKeysArgs{
			Name:    "example-translator",
			Readers: []string{"self"},
			Keys: []yandexkeys.AccountKeyInput{
				yandexkeys.AccountKeyArgs{Name: "default", Uses: []string{"translate"}},
			},
		})
		if err != nil {
			return err
		}

		// Another one, whose key is an encrypted output.
		nightly, err := yandexkeys.NewServiceAccountKeys(ctx, "nightly", &yandexkeys.ServiceAccountKeysArgs{
			Name: "example-nightly",
			Keys: []yandexkeys.AccountKeyInput{
				yandexkeys.AccountKeyArgs{
					Name:    "batch",
					Uses:    []string{"text-generation"},
					Deliver: pulumi.StringRef("output"),
				},
			},
		})
		if err != nil {
			return err
		}

		// A key alone, delivered to a Lockbox secret beside others.
		shared, err := yandexkeys.NewLockboxSecret(ctx, "shared", &yandexkeys.LockboxSecretArgs{
			Name: pulumi.String("shared"),
		})
		if err != nil {
			return err
		}
		vision, err := yandexkeys.NewApiKey(ctx, "vision", &yandexkeys.ApiKeyArgs{
			ServiceAccountId: translator.ServiceAccountId,
			Scopes:           pulumi.StringArray{pulumi.String("yc.ai.vision.execute")},
			RotateEvery:      pulumi.String("14d"),
			Overlap:          pulumi.String("3d"),
			Lockbox: yandexkeys.LockboxArgs{
				SecretId:    shared.ID(),
				SecretEntry: pulumi.String("vision_key"),
				KeyIdEntry:  pulumi.String("vision_key_id"),
			},
		})
		if err != nil {
			return err
		}

		ctx.Export("receipt", translator.Receipts.MapIndex(pulumi.String("default")))
		ctx.Export("nextRotation", vision.NextRotationAt)
		// Stays encrypted wherever it goes: into another resource, or by a stack reference into another stack.
		ctx.Export("apiKey", nightly.Secrets.MapIndex(pulumi.String("batch")))
		return nil
	})
}
