"""`make demo`: one key's life in the local cloud, told in one run, with a consumer that never stops calling its service.

It has a local cloud, a stack and a state of its own in `.local/demo/`, so that what `make up` made is left alone.
"""
