"""The HTTP server over the library: `byline serve`.

Nothing is served yet. The package stands here so that the borders it will live within are already
held: it may import `byline`, never the command line or the training, and never torch.
"""
