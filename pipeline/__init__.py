"""Record, dataset, catalogue, graph and command line."""
