import * as pulumi from "@pulumi/pulumi";
import * as yandex_keys from "@pulumi-yandex-keys/yandex-keys";

// An account with its roles, its Lockbox secret and its key.
const translator = new yandex_keys.ServiceAccountKeys("translator", {
    name: "example-translator",
    readers: ["self"],
    keys: [{ name: "default", uses: ["translate"] }],
});

// Another one, whose key is an encrypted output.
const nightly = new yandex_keys.ServiceAccountKeys("nightly", {
    name: "example-nightly",
    keys: [{ name: "batch", uses: ["text-generation"], deliver: "output" }],
});

// A key alone, delivered to a Lockbox secret beside others.
const shared = new yandex_keys.LockboxSecret("shared", { name: "shared" });
const vision = new yandex_keys.ApiKey("vision", {
    serviceAccountId: translator.serviceAccountId,
    scopes: ["yc.ai.vision.execute"],
    rotateEvery: "14d",
    overlap: "3d",
    lockbox: { secretId: shared.id, secretEntry: "vision_key", keyIdEntry: "vision_key_id" },
});

export const receipt = translator.receipts["default"];
export const nextRotation = vision.nextRotationAt;
// Stays encrypted wherever it goes: into another resource, or by a stack reference into another stack.
export const apiKey: pulumi.Output<string> = nightly.secrets["batch"];
