"""The Open Inference Protocol (KServe V2) over HTTP, as Triton Inference Server speaks it."""
