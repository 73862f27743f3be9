"""What surrounds the product on a developer's machine: the engine, the local stack, the checks, the benchmarks."""
