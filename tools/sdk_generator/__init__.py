"""The package's SDKs, written from provider/yandex_keys/schema.json by Pulumi's own code generators.

`sdk/python` is committed, so that nothing has to be generated or built before the program runs; a test holds it fresh.
"""
