"""The stack `local` against the local cloud: `python -m tools.local_stack up|down|env`, for `make`.

All that it leaves lies in `.local/`. Nothing here knows the provider or the components: it drives the real `pulumi`, as a
pipeline does, and then reads the delivered key as a consumer does.
"""
