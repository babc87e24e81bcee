"""Question in, cited answer out: retrieval, fusion, reranking, the answering chain and its citations."""
