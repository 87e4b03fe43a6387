"""How the fitted sounds are made and judged: analysis of free recordings, comparison with others that were held out."""
