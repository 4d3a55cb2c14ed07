"""What `byline models export-triton` writes beside the models; the .py files run inside Triton."""
