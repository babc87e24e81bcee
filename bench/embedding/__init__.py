"""How the bundled embedding model is made, measured and put into its folder: `python -m bench.embedding DATA WORK`."""
