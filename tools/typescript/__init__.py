"""What TypeScript programs are compiled with, by tests alone: Pulumi's SDK for Node.js and the compiler, from npm, pinned by package-lock.json."""
