"""What surrounds the product on a developer's machine: the local stack, the demo, the checks, the benchmarks."""
