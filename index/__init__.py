"""Documents in, chunks out: loading, chunking, embedding, storing and searching. No LLM, no HTTP, no prompts."""
