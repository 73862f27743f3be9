import pulumi
import pulumi_yandex_keys as yandex_keys

# An account with its roles, its Lockbox secret and its key.
translator = yandex_keys.ServiceAccountKeys(
    "translator",
    name="example-translator",
    readers=["self"],
    keys=[{"name": "default", "uses": ["translate"]}],
)

# Another one, whose key is an encrypted output.
nightly = yandex_keys.ServiceAccountKeys(
    "nightly",
    name="example-nightly",
    keys=[{"name": "batch", "uses": ["text-generation"], "deliver": "output"}],
)

# A key alone, delivered to a Lockbox secret beside others.
shared = yandex_keys.LockboxSecret("shared", name="shared")
vision = yandex_keys.ApiKey(
    "vision",
    service_account_id=translator.service_account_id,
    scopes=["yc.ai.vision.execute"],
    rotate_every="14d",
    overlap="3d",
    lockbox={"secret_id": shared.id, "secret_entry": "vision_key", "key_id_entry": "vision_key_id"},
)

pulumi.export("receipt", translator.receipts["default"])
pulumi.export("nextRotation", vision.next_rotation_at)
# Stays encrypted wherever it goes: into another resource, or by a stack reference into another stack.
pulumi.export("apiKey", nightly.secrets["batch"])
