"""pulumi-yandex 0.13.0, the last release of an archived project, which its registry has as a source archive alone.

pip can't even download a source archive without running its `setup.py`, and this one's runs `pulumi plugin install`
with whatever `pulumi` is on PATH. So the archive itself lies here, byte for byte as it was published (requirements.lock
once pinned it by the same hash), and `packing` makes a wheel of it: the same files, none left out, since the name and
the version promise them all; but its note of the plugin that Pulumi should look for says that there is none. Nothing of
it runs before a program imports it. The wheel has the same bytes on every machine, and requirements.lock pins them.
"""
