"""The HTTP server over the library: `byline serve`."""
