"""The L2 regularisation path: every lambda, fold and seed, trained as stacks."""
