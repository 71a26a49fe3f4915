"""Real servers for tests and benchmarks: private, on free ports, gone when the process that started them is."""
